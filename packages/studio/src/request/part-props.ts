import type { Place } from '../app/workspace.ts';
import type { Pipeline } from '../server/service.ts';
import type { Settings } from '../session/settings.ts';

/** What every part of the form is given. */
export interface RequestPartProps {
  readonly place: Place;
  readonly pipeline: Pipeline;
  readonly settings: Settings;
  /** The server's word for fields that it refused, by JSON pointer. */
  readonly errors: ReadonlyMap<string, string>;
  readonly onChange: (changed: Partial<Settings>) => void;
}
