/** Characters of a control's id. */
const MAX_CONTROL_ID_LENGTH = 128;

/** Controls of one session that may wait to be named; of more, the oldest are forgotten. Also what one chunk may name. */
export const MAX_WAITING_CONTROLS = 256;

/** What a client may give its control messages as `id`. */
export type ControlId = string | number;

/**
 * The id of a control message as the text by which server and host know it: 7 and "7" are the same id. Undefined for what is no id, which is
 * a string of 1–128 characters or a whole number that JavaScript holds exactly.
 */
export function controlKey(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_CONTROL_ID_LENGTH) return undefined;
  return value;
}

/** What a pipeline says in a chunk about the controls that it reflects. */
export interface NamedControls {
  /** At most {@link MAX_WAITING_CONTROLS}, each once. */
  readonly ids: readonly string[];
  /** Whether the list holds more than ids, so that it is a word of the pipeline to its client as well, and stays in the metadata. */
  readonly isMetadata: boolean;
}

/**
 * Reads `applied_controls`: a list of ids, or of objects with an `id`, such as the control messages themselves. Undefined when the pipeline
 * does not name controls with it; an empty list names none, and says that the pipeline names them itself.
 */
export function readAppliedControls(value: unknown): NamedControls | undefined {
  if (!Array.isArray(value)) return undefined;
  const ids = new Set<string>();
  let isMetadata = false;
  for (const item of value as readonly unknown[]) {
    const isObject = typeof item === 'object' && item !== null && 'id' in item;
    const id = controlKey(isObject ? item.id : item);
    if (id === undefined || isObject) isMetadata = true;
    if (id !== undefined && ids.size < MAX_WAITING_CONTROLS) ids.add(id);
  }
  return isMetadata && ids.size === 0 ? undefined : { ids: [...ids], isMetadata };
}
