/** Reading pixels of decoded frames. Runs in the page. */

/** A rectangle of the picture, in pixels of the size the picture was made in; even numbers. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The size the clip and the overlays are laid out for. A frame of another size has everything scaled. */
export interface Layout {
  readonly width: number;
  readonly height: number;
}

export const CLIP_LAYOUT: Layout = { width: 832, height: 480 };

/** The frame counter of `scripts/make-clip.mjs`: 13 blocks of 24 × 24. Only the middle rows are read. */
const COUNTER: Area = { x: 16, y: 24, width: 312, height: 8 };
const BLOCKS = 13;

const even = (value: number): number => Math.round(value / 2) * 2;

function scaled(area: Area, frame: VideoFrame, layout: Layout): Area {
  const visible = frame.visibleRect;
  const width = visible?.width ?? frame.codedWidth;
  const height = visible?.height ?? frame.codedHeight;
  const [scaleX, scaleY] = [width / layout.width, height / layout.height];
  return {
    x: even(area.x * scaleX) + (visible?.x ?? 0),
    y: even(area.y * scaleY) + (visible?.y ?? 0),
    width: Math.max(2, even(area.width * scaleX)),
    height: Math.max(2, even(area.height * scaleY)),
  };
}

interface Luma {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): number;
}

/** Copies one rectangle and gives its luma: the Y plane of planar formats, or the weighted sum of the packed RGB ones. */
async function copyLuma(frame: VideoFrame, area: Area, layout: Layout): Promise<Luma> {
  const rect = scaled(area, frame, layout);
  const bytes = new Uint8Array(frame.allocationSize({ rect }));
  const [plane] = await frame.copyTo(bytes, { rect });
  if (plane === undefined) throw new Error('the frame has no planes');
  const { offset, stride } = plane;
  const byte = (index: number): number => bytes[index] ?? 0;
  const { format } = frame;
  const size = { width: rect.width, height: rect.height };
  if (format === 'I420' || format === 'NV12' || format === 'I422' || format === 'I444' || format === 'I420A') {
    return { ...size, at: (x, y) => byte(offset + y * stride + x) };
  }
  const [red, blue] = format === 'BGRA' || format === 'BGRX' ? [2, 0] : [0, 2];
  return {
    ...size,
    at: (x, y) => {
      const pixel = offset + y * stride + x * 4;
      return 0.299 * byte(pixel + red) + 0.587 * byte(pixel + 1) + 0.114 * byte(pixel + blue);
    },
  };
}

/** Mean luma of an area, 0–255. */
export async function meanLuma(frame: VideoFrame, area: Area, layout: Layout): Promise<number> {
  const luma = await copyLuma(frame, area, layout);
  let sum = 0;
  for (let y = 0; y < luma.height; y += 1) for (let x = 0; x < luma.width; x += 1) sum += luma.at(x, y);
  return sum / (luma.width * luma.height);
}

/** The frame counter, 0–255; undefined when the guard blocks or the parity say that this is none. */
export async function readCounter(frame: VideoFrame, layout: Layout): Promise<number | undefined> {
  const luma = await copyLuma(frame, COUNTER, layout);
  const side = luma.width / BLOCKS;
  const row = Math.floor(luma.height / 2);
  const bit = (index: number): number => {
    // The middle of the block: a small picture has few pixels there, and its edges are blurred.
    const middle = (index + 0.5) * side;
    const reach = Math.min(2, side / 5);
    const [first, last] = [Math.floor(middle - reach), Math.ceil(middle + reach)];
    let sum = 0;
    for (let x = first; x < last; x += 1) sum += luma.at(x, row);
    return sum / (last - first) > 127 ? 1 : 0;
  };
  const bits = Array.from({ length: BLOCKS }, (_, index) => bit(index));
  const data = bits.slice(2, 10);
  const parity = 1 - (data.reduce((sum, value) => sum + value, 0) % 2);
  const framed = bits[0] === 1 && bits[1] === 0 && bits[10] === parity && bits[11] === 0 && bits[12] === 1;
  return framed ? data.reduce((value, next) => value * 2 + next, 0) : undefined;
}
