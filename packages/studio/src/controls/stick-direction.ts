/** Of the stick's way: nearer to the middle it stands still. */
const DEAD_ZONE = 0.3;
/** A direction counts from this part of the way that is the other's: 22.5° to either side of each of eight. */
const DIAGONAL = Math.tan(Math.PI / 8);

export type Direction = 'up' | 'left' | 'down' | 'right';

/**
 * The directions of a stick, one or two that are beside each other.
 * @param x from -1 (left) to 1 (right)
 * @param y from -1 (up) to 1 (down)
 */
export function directionsOf(x: number, y: number): readonly Direction[] {
  if (Math.hypot(x, y) < DEAD_ZONE) return [];
  const directions: Direction[] = [];
  if (Math.abs(y) > Math.abs(x) * DIAGONAL) directions.push(y < 0 ? 'up' : 'down');
  if (Math.abs(x) > Math.abs(y) * DIAGONAL) directions.push(x < 0 ? 'left' : 'right');
  return directions;
}
