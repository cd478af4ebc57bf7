import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioOrder } from './audio-order.js';

const packet = (sequenceNumber: number): { sequenceNumber: number } => ({ sequenceNumber: sequenceNumber & 0xffff });
const numbers = (packets: readonly { sequenceNumber: number }[]): number[] => packets.map(({ sequenceNumber }) => sequenceNumber);

describe('AudioOrder', () => {
  it('gives each packet once and in order, however they are shuffled within its patience, at any sequence number', () => {
    const moves = fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), moves, fc.boolean(), (first, displacements, doubled) => {
        const sent = displacements.map((_, index) => packet(first + index));
        const arrivals = displacements
          .map((move, index) => ({ index, at: index === 0 ? -1 : index + move }))
          .sort((a, b) => a.at - b.at)
          .flatMap(({ index }) => (doubled ? [index, index] : [index]));
        const order = new AudioOrder();
        const given = arrivals.flatMap((index) => order.push(packet(first + index)));
        expect(numbers(given)).toEqual(numbers(sent));
      }),
    );
  });

  it('leaves a lost packet out once eight have come after it, and takes it no more when it is late', () => {
    const order = new AudioOrder();
    const given = [0, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => numbers(order.push(packet(number))));
    expect(given.flat()).toEqual([0]);
    expect(numbers(order.push(packet(10)))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(order.push(packet(1))).toEqual([]);
  });

  it('goes on with a sender that begins again elsewhere, after what was waiting', () => {
    const order = new AudioOrder();
    expect([0, 1, 3].flatMap((number) => numbers(order.push(packet(number))))).toEqual([0, 1]);
    expect(numbers(order.push(packet(40_000)))).toEqual([3, 40_000]);
    expect(numbers(order.push(packet(40_001)))).toEqual([40_001]);
  });
});
