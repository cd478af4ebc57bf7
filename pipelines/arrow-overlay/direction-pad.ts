/**
 * The pad in the corner of the picture: four arrow buttons that light up. It is drawn once for each of the sixteen combinations of keys,
 * with smooth edges, and then only blended into the planes of a picture.
 */

export const ARROW_KEYS = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'] as const;
export type ArrowKey = (typeof ARROW_KEYS)[number];

/** The pad's square in the picture, pixels; all even. */
export interface PadPlace {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Measures on a pad of 160 pixels; others are scaled from it. */
const DESIGN_SIZE = 160;
const MARGIN = 20;
const BUTTON_HALF = 22;
const BUTTON_RADIUS = 8;
const ARROW_REACH = 11;
const BUTTONS: readonly { readonly x: number; readonly y: number; readonly pointX: number; readonly pointY: number }[] = [
  { x: 80, y: 30, pointX: 0, pointY: -1 },
  { x: 80, y: 130, pointX: 0, pointY: 1 },
  { x: 30, y: 80, pointX: -1, pointY: 0 },
  { x: 130, y: 80, pointX: 1, pointY: 0 },
];

type Rgb = readonly [number, number, number];
const PLATE: Rgb = [11, 16, 32];
const PLATE_ALPHA = 0.5;
const IDLE: Rgb = [74, 78, 92];
const IDLE_ALPHA = 0.85;
const IDLE_ARROW: Rgb = [235, 235, 240];
const LIT: Rgb = [40, 220, 110];
const LIT_ARROW: Rgb = [12, 40, 24];

/** A drawing as what to add to a plane, and how much of the plane to keep (0–255). */
interface Plane {
  readonly add: Uint8Array;
  readonly keep: Uint8Array;
}

interface Drawing {
  readonly y: Plane;
  readonly u: Plane;
  readonly v: Plane;
}

/** Where the pad lies in a picture: the bottom right corner, a third of the shorter side. */
export function placePad(width: number, height: number): PadPlace {
  const even = (value: number): number => value - (value % 2);
  const size = even(Math.floor(Math.min(width, height) / 3));
  const margin = even(Math.floor((MARGIN * size) / DESIGN_SIZE));
  return { x: even(width - margin - size), y: even(height - margin - size), size };
}

/** Draws the pad into I420 pictures of one size. */
export class DirectionPad {
  readonly place: PadPlace;
  readonly #width: number;
  readonly #height: number;
  readonly #drawings: readonly Drawing[];

  /** @param width and height, pixels, both even */
  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.place = placePad(width, height);
    this.#drawings = Array.from({ length: 1 << ARROW_KEYS.length }, (_, combination) => draw(this.place.size, combination));
  }

  /** Blends the pad into a packed limited-range I420 picture. */
  drawInto(picture: Uint8Array, lit: ReadonlySet<ArrowKey>): void {
    const combination = ARROW_KEYS.reduce((bits, key, position) => (lit.has(key) ? bits | (1 << position) : bits), 0);
    const drawing = this.#drawings[combination];
    if (drawing === undefined) return;
    const { x, y, size } = this.place;
    const lumaBytes = this.#width * this.#height;
    const chromaWidth = this.#width / 2;
    const chromaStart = (y / 2) * chromaWidth + x / 2;
    blend(picture, y * this.#width + x, this.#width, drawing.y, size);
    blend(picture, lumaBytes + chromaStart, chromaWidth, drawing.u, size / 2);
    blend(picture, lumaBytes + lumaBytes / 4 + chromaStart, chromaWidth, drawing.v, size / 2);
  }
}

function blend(picture: Uint8Array, start: number, stride: number, { add, keep }: Plane, size: number): void {
  for (let row = 0, from = 0; row < size; row += 1) {
    const to = start + row * stride;
    for (let column = 0; column < size; column += 1, from += 1) {
      // × 257 / 65536 is / 255 for these values.
      const kept = (picture[to + column] ?? 0) * (keep[from] ?? 0);
      picture[to + column] = (add[from] ?? 0) + ((kept * 257 + 32_768) >>> 16);
    }
  }
}

function draw(size: number, combination: number): Drawing {
  const rgba = new Float32Array(size * size * 4);
  const scale = DESIGN_SIZE / size;
  for (let row = 0, offset = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1, offset += 4) {
      rgba.set(colourAt((column + 0.5) * scale, (row + 0.5) * scale, scale, combination), offset);
    }
  }
  return {
    y: toPlane(rgba, size, 1, (r, g, b, alpha) => 16 * alpha + (65.481 * r + 128.553 * g + 24.966 * b) / 255),
    u: toPlane(rgba, size, 2, (r, g, b, alpha) => 128 * alpha + (-37.797 * r - 74.203 * g + 112 * b) / 255),
    v: toPlane(rgba, size, 2, (r, g, b, alpha) => 128 * alpha + (112 * r - 93.786 * g - 18.214 * b) / 255),
  };
}

/** Premultiplied RGB (0–255) and alpha (0–1) of one point, in design measures; `pixel` is the width of an edge's blur. */
function colourAt(x: number, y: number, pixel: number, combination: number): readonly number[] {
  const coverage = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance / pixel));
  let colour = over([0, 0, 0, 0], PLATE, PLATE_ALPHA * coverage(Math.hypot(x - 80, y - 80) - 79));
  BUTTONS.forEach((button, position) => {
    const lit = (combination & (1 << position)) !== 0;
    const [dx, dy] = [x - button.x, y - button.y];
    const body = coverage(roundedSquare(dx, dy));
    if (body === 0) return;
    colour = over(colour, lit ? LIT : IDLE, body * (lit ? 1 : IDLE_ALPHA));
    const along = dx * button.pointX + dy * button.pointY;
    const across = Math.abs(dx * button.pointY + dy * button.pointX);
    colour = over(colour, lit ? LIT_ARROW : IDLE_ARROW, coverage(triangle(along, across)));
  });
  return colour;
}

function over(under: readonly number[], colour: Rgb, alpha: number): readonly number[] {
  const [r = 0, g = 0, b = 0, a = 0] = under;
  const rest = 1 - alpha;
  return [colour[0] * alpha + r * rest, colour[1] * alpha + g * rest, colour[2] * alpha + b * rest, alpha + a * rest];
}

/** Signed distance to a button's edge, negative inside. */
function roundedSquare(dx: number, dy: number): number {
  const qx = Math.abs(dx) - BUTTON_HALF + BUTTON_RADIUS;
  const qy = Math.abs(dy) - BUTTON_HALF + BUTTON_RADIUS;
  return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - BUTTON_RADIUS;
}

/** Signed distance to an arrow that points along its axis: the nearer of its base and its slanted sides. */
function triangle(along: number, across: number): number {
  const base = -along - ARROW_REACH * 0.7;
  const side = (along * 0.5 + across - ARROW_REACH * 0.5) / Math.hypot(0.5, 1);
  return Math.max(base, side);
}

/** One plane of a drawing; `step` 2 averages four points into one, as 4:2:0 does. */
function toPlane(
  rgba: Float32Array,
  size: number,
  step: 1 | 2,
  component: (r: number, g: number, b: number, alpha: number) => number,
): Plane {
  const side = size / step;
  const plane = { add: new Uint8Array(side * side), keep: new Uint8Array(side * side) };
  for (let row = 0, to = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1, to += 1) {
      const [r = 0, g = 0, b = 0, alpha = 0] = [0, 1, 2, 3].map((part) =>
        meanOf(rgba, size, column * step, row * step, step, part),
      );
      const keep = Math.round(255 * (1 - alpha));
      plane.keep[to] = keep;
      plane.add[to] = Math.min(Math.round(component(r, g, b, alpha)), 255 - keep);
    }
  }
  return plane;
}

function meanOf(rgba: Float32Array, size: number, x: number, y: number, step: 1 | 2, part: number): number {
  let sum = 0;
  for (let i = 0; i < step * step; i += 1) {
    sum += rgba[((y + Math.floor(i / step)) * size + x + (i % step)) * 4 + part] ?? 0;
  }
  return sum / (step * step);
}
