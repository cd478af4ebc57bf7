/** The measures of the clip that is played (scripts/make-clip.mjs). */
import type { Source } from './network/network-quality.ts';

export const CLIP: Source = { fps: 24, frames: 240 };

/** The middle of its flash. */
export const FLASH = { x: 752, y: 32, width: 48, height: 48 };
