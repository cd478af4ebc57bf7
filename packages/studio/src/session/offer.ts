import type { ConnectOptions } from '@telefuser/stream-client';
import { defaultTask, takes, type Pipeline } from '../server/service.ts';
import type { JsonObject, JsonValue } from '../request/json.ts';
import type { Settings } from './settings.ts';

/** What the server is asked for besides the connection: the fields of the offer's body, in the order in which they are shown. */
export interface OfferFields {
  readonly task: string;
  readonly prompt?: string;
  readonly fps?: number;
  readonly duration_s?: number;
  readonly seed?: number;
  readonly config?: JsonObject;
  readonly image?: string;
}

/** The offer for these settings. Fields that were not set are left out, and so are those that the pipeline's own schema has. */
export function offerFields(settings: Settings, pipeline: Pipeline, image?: string): OfferFields {
  const { prompt, fps, durationSeconds, seed } = settings;
  const config = configOf(settings, pipeline);
  const own = (name: string): boolean => hasOwnField(pipeline, name);
  return {
    task: settings.task === '' ? defaultTask(pipeline) : settings.task,
    ...(prompt !== '' && takes(pipeline, 'prompt') && { prompt }),
    ...(fps !== undefined && !own('fps') && { fps }),
    ...(durationSeconds !== undefined && !own('duration_s') && { duration_s: durationSeconds }),
    ...(seed !== undefined && !own('seed') && { seed }),
    ...(Object.keys(config).length > 0 && { config }),
    ...(image !== undefined && takes(pipeline, 'image') && { image }),
  };
}

/** Whether the pipeline's schema has the field, which then stands in its form instead of among the common ones. */
export function hasOwnField({ configFields }: Pipeline, name: string): boolean {
  return configFields?.some((field) => field.name === name) ?? false;
}

/** The server fills in no defaults: what the form shows is what is sent. */
export function configOf(settings: Settings, pipeline: Pipeline): JsonObject {
  return merge(pipeline.configDefaults, changedConfig(settings, pipeline));
}

/** What was set of the configuration, also by a common setting (of a link, say) that the pipeline has a field of its own for. */
export function changedConfig({ durationSeconds, fps, seed, config }: Settings, pipeline: Pipeline): JsonObject {
  const common = Object.entries({ duration_s: durationSeconds, fps, seed });
  const owned = common.filter((entry): entry is [string, number] => entry[1] !== undefined && hasOwnField(pipeline, entry[0]));
  return { ...Object.fromEntries(owned), ...config };
}

/** The change that makes this the configuration, whatever the common settings were. */
export function configChange(config: JsonObject, pipeline: Pipeline): Partial<Settings> {
  return {
    config,
    ...(hasOwnField(pipeline, 'duration_s') && { durationSeconds: undefined }),
    ...(hasOwnField(pipeline, 'fps') && { fps: undefined }),
    ...(hasOwnField(pipeline, 'seed') && { seed: undefined }),
  };
}

/** Like `offerFields`, in the words of the SDK. */
export function parametersOf({ task, prompt, fps, config, image, ...fields }: OfferFields): ConnectOptions {
  return {
    task,
    ...(prompt !== undefined && { prompt }),
    ...(fps !== undefined && { fps }),
    ...(config !== undefined && { config }),
    ...(image !== undefined && { image }),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

function merge(defaults: JsonObject, changes: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...defaults };
  for (const [name, value] of Object.entries(changes)) {
    const before = defaults[name];
    merged[name] = isPlain(before) && isPlain(value) ? merge(before, value) : value;
  }
  return merged;
}

const isPlain = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
