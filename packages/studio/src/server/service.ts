import type { ServiceHealth, ServiceMetadata } from '@telefuser/stream-client';
import { DEFAULT_TASK } from '../session/settings.ts';
import { isObject, type JsonObject } from '../request/json.ts';
import { defaultsOf, fieldsOfSchema } from '../request/schema/fields-of-schema.ts';
import type { FormField } from '../request/schema/form-field.ts';

const MEBIBYTE = 1024 * 1024;

/** What the pipeline is, as its service declares it, and as far as the studio makes something of it. */
export interface Pipeline {
  readonly mode: 'server_push' | 'bidirectional';
  readonly name: string;
  readonly description: string | undefined;
  readonly defaultPrompt: string;
  readonly defaultFps: number | undefined;
  /** What to offer as `task`; the first is the default. */
  readonly tasks: readonly string[];
  /** Undefined where it is not declared: then everything may be of use. */
  readonly controls: readonly string[] | undefined;
  readonly inputs: readonly string[] | undefined;
  /** Undefined where the pipeline declares no schema of its configuration. */
  readonly configFields: readonly FormField[] | undefined;
  readonly configDefaults: JsonObject;
  readonly maxImageBytes: number;
  readonly metadata: ServiceMetadata;
}

export function pipelineOf(metadata: ServiceMetadata): Pipeline {
  const fields = isObject(metadata['config_schema']) ? fieldsOfSchema(metadata['config_schema']) : [];
  return {
    mode: metadata.stream_mode ?? 'server_push',
    name: text(metadata['name']) ?? nameOfFile(metadata.pipeline_file),
    description: text(metadata['description']),
    defaultPrompt: text(metadata['default_prompt']) ?? '',
    defaultFps: metadata.default_fps,
    tasks: texts(metadata['tasks']) ?? [],
    controls: texts(metadata['controls']),
    inputs: texts(metadata['inputs']),
    configFields: fields.length > 0 ? fields : undefined,
    configDefaults: defaultsOf(fields),
    maxImageBytes: typeof metadata['max_image_bytes'] === 'number' ? metadata['max_image_bytes'] : 10 * MEBIBYTE,
    metadata,
  };
}

/** Whether the pipeline takes this input, as far as is known. */
export function takes({ mode, inputs }: Pipeline, input: 'prompt' | 'image' | 'camera' | 'microphone'): boolean {
  const isLive = input === 'camera' || input === 'microphone';
  return (!isLive || mode === 'bidirectional') && (inputs === undefined || inputs.includes(input));
}

export const defaultTask = ({ tasks }: Pipeline): string => tasks[0] ?? DEFAULT_TASK;

/** What is known of the server. */
export type ServiceState =
  | { readonly name: 'asking' }
  | { readonly name: 'unreachable'; readonly detail: string }
  | { readonly name: 'unauthenticated'; readonly detail: string; readonly wasTried: boolean }
  | { readonly name: 'starting'; readonly reason: string; readonly progress: number | undefined }
  | { readonly name: 'failed'; readonly reason: string }
  | { readonly name: 'draining' }
  | { readonly name: 'ready' };

export function stateOf(health: ServiceHealth): ServiceState {
  if (health['draining'] === true) return { name: 'draining' };
  if (health.stream_ready) return { name: 'ready' };
  const reason = health.reason ?? 'The pipeline takes no sessions yet.';
  if (health['status'] === 'unhealthy') return { name: 'failed', reason };
  const progress = health['start_progress'];
  return {
    name: 'starting',
    reason: text(health['start_message']) ?? reason,
    progress: typeof progress === 'number' ? progress : undefined,
  };
}

/** `pipelines/arrow-overlay` is "arrow-overlay", `world/pipeline.py` "pipeline.py" */
const nameOfFile = (path: string): string => path.split('/').findLast((part) => part !== '') ?? path;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : undefined;
