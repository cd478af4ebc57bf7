/**
 * The picture under the pad: hills at dusk that drift by, and a frame counter for the tests. The hills are drawn once, as a panorama that
 * closes on itself; a frame is a window of it, copied row by row.
 */

/** Pixels. */
export const WIDTH = 832;
export const HEIGHT = 480;
export const FPS = 24;
/** After so many frames everything is where it was: ten seconds. */
export const LOOP_FRAMES = 240;

/** Pixels a frame; even, so that the half-size chroma planes move along. */
const DRIFT = 4;
const PANORAMA_WIDTH = LOOP_FRAMES * DRIFT;
/** The panorama's beginning again behind its end, so that no window has a seam in it. */
const STRIDE = PANORAMA_WIDTH + WIDTH;
const TURN = 2 * Math.PI;

type Rgb = readonly [number, number, number];

/** From the top of the picture to the bottom. */
const SKY: readonly { readonly at: number; readonly colour: Rgb }[] = [
  { at: 0, colour: [28, 34, 84] },
  { at: 0.4, colour: [94, 74, 136] },
  { at: 0.62, colour: [214, 128, 128] },
  { at: 0.8, colour: [252, 196, 132] },
];
const SUN = { x: 420, y: 270, radius: 34, glow: 190, colour: [255, 226, 168] as Rgb };
/** Hills from the farthest to the nearest; each wave is a number of crests in the panorama and a height in pixels. */
const RIDGES: readonly { readonly base: number; readonly waves: readonly (readonly [number, number])[]; readonly colour: Rgb }[] =
  [
    { base: 296, waves: [[3, 22], [8, 7]], colour: [124, 88, 128] }, // prettier-ignore
    { base: 346, waves: [[2, 30], [7, 10]], colour: [78, 60, 104] }, // prettier-ignore
    { base: 404, waves: [[4, 18], [11, 6]], colour: [38, 34, 68] }, // prettier-ignore
  ];

/** The frame counter: thirteen blocks on a black plate, as `README.md` has it. */
const COUNTER = { x: 16, y: 16, side: 24, margin: 8 };
const BLACK = 16;
const WHITE = 235;
const NO_COLOUR = 128;

export class Landscape {
  readonly #luma = new Uint8Array(STRIDE * HEIGHT);
  readonly #chroma = [new Uint8Array((STRIDE * HEIGHT) / 4), new Uint8Array((STRIDE * HEIGHT) / 4)] as const;

  constructor() {
    drawPlane(this.#luma, 1, ([r, g, b]) => 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255);
    drawPlane(this.#chroma[0], 2, ([r, g, b]) => 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255);
    drawPlane(this.#chroma[1], 2, ([r, g, b]) => 128 + (112 * r - 93.786 * g - 18.214 * b) / 255);
  }

  /**
   * Fills a packed I420 picture of {@link WIDTH} × {@link HEIGHT}.
   *
   * @param frame counted from 0; its place in the loop is what the counter shows
   */
  drawInto(picture: Uint8Array, frame: number): void {
    const place = frame % LOOP_FRAMES;
    copyWindow(picture, 0, this.#luma, 1, place);
    copyWindow(picture, WIDTH * HEIGHT, this.#chroma[0], 2, place);
    copyWindow(picture, (WIDTH * HEIGHT * 5) / 4, this.#chroma[1], 2, place);
    drawCounter(picture, place);
  }
}

function copyWindow(picture: Uint8Array, start: number, plane: Uint8Array, scale: 1 | 2, place: number): void {
  const [stride, width, height] = [STRIDE / scale, WIDTH / scale, HEIGHT / scale];
  for (let row = 0, from = (place * DRIFT) / scale; row < height; row += 1, from += stride) {
    picture.set(plane.subarray(from, from + width), start + row * width);
  }
}

function drawPlane(plane: Uint8Array, scale: 1 | 2, component: (colour: Rgb) => number): void {
  const [stride, loop] = [STRIDE / scale, PANORAMA_WIDTH / scale];
  const offset = scale / 2;
  for (let column = 0; column < loop; column += 1) {
    const x = column * scale + offset;
    const ridges = RIDGES.map(({ base, waves }) =>
      waves.reduce((y, [crests, height]) => y + height * Math.sin((TURN * crests * x) / PANORAMA_WIDTH + base), base),
    );
    for (let row = 0; row < HEIGHT / scale; row += 1) {
      plane[row * stride + column] = Math.round(component(colourAt(x, row * scale + offset, ridges)));
    }
  }
  for (let row = 0; row < HEIGHT / scale; row += 1) {
    plane.copyWithin(row * stride + loop, row * stride, row * stride + stride - loop);
  }
}

function colourAt(x: number, y: number, ridges: readonly number[]): Rgb {
  for (let nearest = RIDGES.length - 1; nearest >= 0; nearest -= 1) {
    const [ridge = HEIGHT, { colour } = { colour: SUN.colour }] = [ridges[nearest], RIDGES[nearest]];
    // The foot of a hill lies in haze, which sets the next one off.
    if (y >= ridge) return mix(colour, SUN.colour, Math.min(0.22, (y - ridge) / 500));
  }
  return skyAt(x, y);
}

function skyAt(x: number, y: number): Rgb {
  const at = y / HEIGHT;
  const above = SKY.findLast((stop) => stop.at <= at) ?? SKY[0];
  const below = SKY.find((stop) => stop.at > at) ?? SKY.at(-1);
  if (above === undefined || below === undefined) return SUN.colour;
  const sky = above === below ? above.colour : mix(above.colour, below.colour, (at - above.at) / (below.at - above.at));
  const distance = Math.hypot(x - SUN.x, y - SUN.y);
  const disc = Math.min(1, Math.max(0, SUN.radius - distance + 0.5));
  const glow = 0.6 * Math.max(0, 1 - distance / SUN.glow) ** 2;
  return mix(sky, SUN.colour, Math.max(disc, glow));
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share];
}

function drawCounter(picture: Uint8Array, value: number): void {
  const { x, y, side, margin } = COUNTER;
  const bits = Array.from({ length: 8 }, (_, i) => (value >> (7 - i)) & 1);
  const parity = 1 - (bits.reduce((sum, bit) => sum + bit, 0) % 2);
  const blocks = [1, 0, ...bits, parity, 0, 1];
  const plate = { x: x - margin, y: y - margin, width: blocks.length * side + 2 * margin, height: side + 2 * margin };
  fill(picture, 0, WIDTH, plate, BLACK);
  for (const plane of [WIDTH * HEIGHT, (WIDTH * HEIGHT * 5) / 4]) {
    fill(
      picture,
      plane,
      WIDTH / 2,
      { x: plate.x / 2, y: plate.y / 2, width: plate.width / 2, height: plate.height / 2 },
      NO_COLOUR,
    );
  }
  blocks.forEach((bit, i) => {
    if (bit === 1) fill(picture, 0, WIDTH, { x: x + i * side, y, width: side, height: side }, WHITE);
  });
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function fill(picture: Uint8Array, plane: number, stride: number, { x, y, width, height }: Area, level: number): void {
  for (let row = y; row < y + height; row += 1) {
    const from = plane + row * stride + x;
    picture.fill(level, from, from + width);
  }
}
