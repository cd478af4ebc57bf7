/**
 * The picture, as packed limited-range I420. Everything is laid out for 832 × 480 and scaled to other sizes; README.md has the measures.
 * What stands still is drawn once; of what moves only luma is written, on plates without colour.
 */
import { forEachDot } from './digits.ts';

const LAYOUT = { width: 832, height: 480 };
const BLACK = 16;
const DARK = 32;
const GREY = 110;
const WHITE = 235;
const NO_COLOUR = 128;

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const COUNTER_PLATE: Area = { x: 8, y: 8, width: 328, height: 40 };
const COUNTER: Area = { x: 16, y: 16, width: 24, height: 24 };
const FLASH: Area = { x: 736, y: 16, width: 80, height: 80 };
const CLOCK_PLATE: Area = { x: 192, y: 128, width: 448, height: 152 };
const MEDIA_TIME = { x: 224, y: 144, dot: 8 };
const WALL_TIME = { x: 272, y: 228, dot: 4 };
const TRACK: Area = { x: 96, y: 312, width: 640, height: 32 };
const CURSOR_WIDTH = 16;
const PATCH_PLATE: Area = { x: 8, y: 392, width: 576, height: 80 };
const PATCH: Area = { x: 16, y: 400, width: 80, height: 64 };
const PATCH_STEP = 96;

type Rgb = readonly [number, number, number];
const PATCHES: readonly Rgb[] = [
  [200, 48, 48],
  [48, 160, 72],
  [48, 80, 200],
  [128, 128, 128],
  [224, 172, 140],
  [235, 235, 235],
];
/** The background, from the top to the bottom. */
const TOP: Rgb = [36, 44, 66];
const BOTTOM: Rgb = [16, 58, 66];

/** What changes from frame to frame. */
export interface Moment {
  /** Counted from 0; the counter shows it modulo 256. */
  readonly frame: number;
  readonly isFlash: boolean;
  /** How far the second is, 0–1. */
  readonly ofSecond: number;
  /** Digits, colons and points. */
  readonly mediaTime: string;
  readonly wallTime: string;
}

export class TestCard {
  readonly #width: number;
  readonly #height: number;
  readonly #base: Uint8Array;

  /** @param width and height, pixels, both even */
  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#base = new Uint8Array((width * height * 3) / 2);
    for (let row = 0; row < height; row += 1) {
      const share = row / height;
      const mixed = TOP.map((level, channel) => level + ((BOTTOM[channel] ?? level) - level) * share) as unknown as Rgb;
      this.#paint({ x: 0, y: (row * LAYOUT.height) / height, width: LAYOUT.width, height: LAYOUT.height / height }, mixed);
    }
    for (const plate of [COUNTER_PLATE, CLOCK_PLATE, TRACK, PATCH_PLATE]) this.#paintGrey(plate, BLACK);
    this.#paintGrey(FLASH, DARK);
    PATCHES.forEach((colour, i) => this.#paint({ ...PATCH, x: PATCH.x + i * PATCH_STEP }, colour));
    for (let quarter = 0; quarter <= 4; quarter += 1) {
      this.#fill(this.#base, { ...TRACK, x: TRACK.x + (quarter * (TRACK.width - 4)) / 4, width: 4 }, GREY);
    }
  }

  /** Fills a picture of this size. */
  drawInto(picture: Uint8Array, { frame, isFlash, ofSecond, mediaTime, wallTime }: Moment): void {
    picture.set(this.#base);
    counterBlocks(frame % 256).forEach((bit, i) => {
      if (bit === 1) this.#fill(picture, { ...COUNTER, x: COUNTER.x + i * COUNTER.width }, WHITE);
    });
    if (isFlash) this.#fill(picture, FLASH, WHITE);
    this.#fill(picture, { ...TRACK, x: TRACK.x + ofSecond * (TRACK.width - CURSOR_WIDTH), width: CURSOR_WIDTH }, WHITE);
    this.#write(picture, mediaTime, MEDIA_TIME);
    this.#write(picture, wallTime, WALL_TIME);
  }

  #write(
    picture: Uint8Array,
    text: string,
    { x, y, dot }: { readonly x: number; readonly y: number; readonly dot: number },
  ): void {
    forEachDot(text, (column, row) => {
      this.#fill(picture, { x: x + column * dot, y: y + row * dot, width: dot, height: dot }, WHITE);
    });
  }

  /** Pixels of an area of the layout, in a plane whose sides are the picture's divided by `scale`. */
  #pixelsOf({ x, y, width, height }: Area, scale: 1 | 2): { left: number; right: number; top: number; bottom: number } {
    const [scaleX, scaleY] = [this.#width / LAYOUT.width / scale, this.#height / LAYOUT.height / scale];
    return {
      left: Math.round(x * scaleX),
      right: Math.round((x + width) * scaleX),
      top: Math.round(y * scaleY),
      bottom: Math.round((y + height) * scaleY),
    };
  }

  #fill(picture: Uint8Array, area: Area, level: number, start = 0, scale: 1 | 2 = 1): void {
    const { left, right, top, bottom } = this.#pixelsOf(area, scale);
    const stride = this.#width / scale;
    for (let row = top; row < bottom; row += 1) picture.fill(level, start + row * stride + left, start + row * stride + right);
  }

  #paintGrey(area: Area, level: number): void {
    this.#paintPlanes(area, [level, NO_COLOUR, NO_COLOUR]);
  }

  #paint(area: Area, [r, g, b]: Rgb): void {
    this.#paintPlanes(area, [
      Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255),
      Math.round(128 + (-37.797 * r - 74.203 * g + 112 * b) / 255),
      Math.round(128 + (112 * r - 93.786 * g - 18.214 * b) / 255),
    ]);
  }

  #paintPlanes(area: Area, [y, u, v]: Rgb): void {
    const lumaBytes = this.#width * this.#height;
    this.#fill(this.#base, area, y);
    this.#fill(this.#base, area, u, lumaBytes, 2);
    this.#fill(this.#base, area, v, (lumaBytes * 5) / 4, 2);
  }
}

/** Start, eight bits, odd parity, end. */
function counterBlocks(value: number): readonly number[] {
  const bits = Array.from({ length: 8 }, (_, i) => (value >> (7 - i)) & 1);
  const parity = 1 - (bits.reduce((sum, bit) => sum + bit, 0) % 2);
  return [1, 0, ...bits, parity, 0, 1];
}
