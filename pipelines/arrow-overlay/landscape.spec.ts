import { describe, expect, it } from 'vitest';
import { HEIGHT, Landscape, LOOP_FRAMES, WIDTH } from './landscape.ts';

const landscape = new Landscape();

function draw(frame: number): Uint8Array {
  const picture = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
  landscape.drawInto(picture, frame);
  return picture;
}

const block = (picture: Uint8Array, i: number): number => (picture[28 * WIDTH + 28 + 24 * i]! > 128 ? 1 : 0);

describe('Landscape', () => {
  it('counts its frames as video-replay’s clip does, and begins again after its loop', () => {
    for (const frame of [0, 1, 127, 239, 240, 1000]) {
      const picture = draw(frame);
      const blocks = Array.from({ length: 13 }, (_, i) => block(picture, i));
      const bits = blocks.slice(2, 10);
      expect(bits.reduce((value, bit) => value * 2 + bit, 0)).toBe(frame % LOOP_FRAMES);
      expect([blocks[0], blocks[1], blocks[11], blocks[12]]).toEqual([1, 0, 0, 1]);
      expect((bits.reduce((sum, bit) => sum + bit, 0) + blocks[10]!) % 2).toBe(1);
    }
  });

  it('moves by the same step every frame, in luma and colour, without a seam', () => {
    const rows = [100, 300, 420];
    for (const frame of [0, 119, 238, 239]) {
      const [now, next] = [draw(frame), draw(frame + 1)];
      for (const y of rows) {
        const luma = (picture: Uint8Array, x: number): number => picture[y * WIDTH + x]!;
        const colour = (picture: Uint8Array, x: number): number => picture[WIDTH * HEIGHT + (y >> 1) * (WIDTH / 2) + (x >> 1)]!;
        for (let x = 400; x < WIDTH - 4; x += 2) {
          expect([luma(next, x), colour(next, x)]).toEqual([luma(now, x + 4), colour(now, x + 4)]);
        }
      }
    }
  });

  it('draws in far less than the time of a frame', () => {
    const picture = draw(0);
    const began = performance.now();
    for (let frame = 0; frame < 100; frame += 1) landscape.drawInto(picture, frame);
    expect((performance.now() - began) / 100).toBeLessThan(8);
  });
});
