import { describe, expect, it } from 'vitest';
import { ARROW_KEYS, DirectionPad, placePad, type ArrowKey } from './direction-pad.ts';

const WIDTH = 832;
const HEIGHT = 480;
const MIDDLES: Readonly<Record<ArrowKey, readonly [number, number]>> = {
  ArrowUp: [732, 330],
  ArrowDown: [732, 430],
  ArrowLeft: [682, 380],
  ArrowRight: [782, 380],
};

function draw(...lit: ArrowKey[]): Uint8Array {
  const picture = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  new DirectionPad(WIDTH, HEIGHT).drawInto(picture, new Set(lit));
  return picture;
}

function lumaBeside(picture: Uint8Array, key: ArrowKey): number {
  const [x, y] = MIDDLES[key];
  return picture[(y + 15) * WIDTH + x + 15]!;
}

describe('DirectionPad', () => {
  it('lies in the bottom right corner', () => {
    expect(placePad(WIDTH, HEIGHT)).toEqual({ x: 652, y: 300, size: 160 });
  });

  it.each(ARROW_KEYS)('lights %s and no other button', (key) => {
    const [idle, lit] = [draw(), draw(key)];
    for (const other of ARROW_KEYS) {
      const difference = lumaBeside(lit, other) - lumaBeside(idle, other);
      if (other === key) expect(difference).toBeGreaterThan(40);
      else expect(difference).toBe(0);
    }
  });

  it('draws a lit button in its colour', () => {
    const picture = draw('ArrowUp');
    const [x, y] = [732 + 15, 330 + 15];
    const chroma = WIDTH * HEIGHT + (y >> 1) * (WIDTH / 2) + (x >> 1);
    // 40, 220, 110 in limited-range BT.601.
    expect([picture[y * WIDTH + x], picture[chroma], picture[chroma + (WIDTH * HEIGHT) / 4]]).toEqual([148, 106, 57]);
  });

  it('touches nothing outside its square', () => {
    const picture = draw(...ARROW_KEYS);
    let touched = 0;
    for (let i = 0; i < WIDTH * HEIGHT; i += 1) {
      const inside = i % WIDTH >= 652 && i % WIDTH < 812 && Math.floor(i / WIDTH) >= 300 && Math.floor(i / WIDTH) < 460;
      if (!inside && picture[i] !== 128) touched += 1;
    }
    expect(touched).toBe(0);
  });

  it.each([
    [2, 2],
    [64, 48],
    [1080, 1920],
  ])('fits a picture of %i×%i', (width, height) => {
    const picture = new Uint8Array((width * height * 3) / 2);
    new DirectionPad(width, height).drawInto(picture, new Set(['ArrowUp']));
    expect(picture).toHaveLength((width * height * 3) / 2);
  });

  it('draws in far less than the time of a frame', () => {
    const picture = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
    const pad = new DirectionPad(WIDTH, HEIGHT);
    const lit = new Set<ArrowKey>(['ArrowUp']);
    const began = performance.now();
    for (let i = 0; i < 100; i += 1) pad.drawInto(picture, lit);
    expect((performance.now() - began) / 100).toBeLessThan(8);
  });
});
