/** Sets of four keys: up, left, down, right. */
export const CONTROL_SETS = {
  arrows: { title: 'Arrow keys', keys: ['ArrowUp', 'ArrowLeft', 'ArrowDown', 'ArrowRight'] },
  wasd: { title: 'WASD', keys: ['w', 'a', 's', 'd'] },
  ijkl: { title: 'IJKL', keys: ['i', 'j', 'k', 'l'] },
} as const;

export type ControlSetName = keyof typeof CONTROL_SETS;
export type ControlKey = (typeof CONTROL_SETS)[ControlSetName]['keys'][number];

const NAMES = Object.keys(CONTROL_SETS) as readonly ControlSetName[];

/** The sets that a pipeline listens to: what it declares, as far as it is known here; all of them where it declares nothing. */
export function controlSetsOf(declared: readonly string[] | undefined): readonly ControlSetName[] {
  return declared === undefined ? NAMES : NAMES.filter((name) => declared.includes(name));
}

/** The control that a key of the keyboard stands for (`KeyboardEvent.key`; with Shift or Caps Lock as without). */
export function controlKeyOf(key: string, sets: readonly ControlSetName[]): ControlKey | undefined {
  const name = key.length === 1 ? key.toLowerCase() : key;
  for (const set of sets) {
    const found = CONTROL_SETS[set].keys.find((candidate) => candidate === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const LABELS: Readonly<Partial<Record<ControlKey, string>>> = { ArrowUp: '↑', ArrowLeft: '←', ArrowDown: '↓', ArrowRight: '→' };

/** As it stands on a keyboard. */
export const labelOf = (key: ControlKey): string => LABELS[key] ?? key.toUpperCase();
