/** The 24 patches of a ColorChecker as 8-bit sRGB, and where they stand in an 832 × 480 picture: six a row. Pure. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** By row from the top left: dark skin … bluish green, orange … orange yellow, blue … cyan, white … black. */
export const PATCHES: readonly Rgb[] = [
  [115, 82, 68],
  [194, 150, 130],
  [98, 122, 157],
  [87, 108, 67],
  [133, 128, 177],
  [103, 189, 170],
  [214, 126, 44],
  [80, 91, 166],
  [193, 90, 99],
  [94, 60, 108],
  [157, 188, 64],
  [224, 163, 46],
  [56, 61, 150],
  [70, 148, 73],
  [175, 54, 60],
  [231, 199, 31],
  [187, 86, 149],
  [8, 133, 161],
  [243, 243, 242],
  [200, 200, 200],
  [160, 160, 160],
  [122, 122, 121],
  [85, 85, 85],
  [52, 52, 52],
];

export const CHART_SIZE = { width: 832, height: 480 };
/** Between the patches and around them. */
const BACKGROUND: Rgb = [30, 30, 30];

const COLUMNS = 6;
const PATCH = { width: 128, height: 104, stepX: 136, stepY: 116, left: 12, top: 14 };

/** Pixels from the top left corner; even. */
export function patchArea(index: number): {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
} {
  const { width, height, stepX, stepY, left, top } = PATCH;
  return { x: left + (index % COLUMNS) * stepX, y: top + Math.floor(index / COLUMNS) * stepY, width, height };
}

/** The chart as packed RGB. */
export function drawChart(): Uint8Array {
  const { width, height } = CHART_SIZE;
  const picture = new Uint8Array(width * height * 3);
  const fill = (area: ReturnType<typeof patchArea>, colour: Rgb): void => {
    for (let y = area.y; y < area.y + area.height; y += 1) {
      for (let x = area.x; x < area.x + area.width; x += 1) picture.set(colour, (y * width + x) * 3);
    }
  };
  fill({ x: 0, y: 0, width, height }, BACKGROUND);
  PATCHES.forEach((colour, index) => fill(patchArea(index), colour));
  return picture;
}

/** Mean distance of what was seen from what was meant, for red, green and blue, in levels. */
export function meanErrors(seen: readonly (readonly number[])[]): number[] {
  return [0, 1, 2].map(
    (channel) =>
      PATCHES.reduce((sum, patch, index) => sum + Math.abs((seen[index]?.[channel] ?? Number.NaN) - (patch[channel] ?? 0)), 0) /
      PATCHES.length,
  );
}
