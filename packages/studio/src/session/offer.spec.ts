import { describe, expect, it } from 'vitest';
import { pipelineOf, stateOf, takes } from '../server/service.ts';
import { configChange, offerFields, parametersOf } from './offer.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const METADATA = { stream_mode: 'bidirectional', pipeline_file: 'pipelines/world/index.ts', default_fps: 16 } as const;

describe('what the studio finds out about a pipeline', () => {
  it('names one that declares nothing by its file, and offers everything', () => {
    const pipeline = pipelineOf(METADATA);
    expect(pipeline).toMatchObject({ name: 'index.ts', controls: undefined, configFields: undefined, maxImageBytes: 10_485_760 });
    expect(['prompt', 'image', 'camera', 'microphone'].every((input) => takes(pipeline, input as 'prompt'))).toBe(true);
  });

  it('offers no camera to server push, and nothing that is not declared', () => {
    expect(takes(pipelineOf({ ...METADATA, stream_mode: 'server_push' }), 'camera')).toBe(false);
    const pipeline = pipelineOf({ ...METADATA, inputs: ['prompt'] });
    expect(takes(pipeline, 'prompt')).toBe(true);
    expect(takes(pipeline, 'image')).toBe(false);
  });

  it('tells a pipeline that starts from one that failed and a server that ends', () => {
    const health = {
      stream_ready: false,
      stream_mode: null,
      webrtc_active_sessions: 0,
      webrtc_max_sessions: 10,
      reason: 'because',
    };
    expect(stateOf(health)).toEqual({ name: 'starting', reason: 'because', progress: undefined });
    const loading = { start_progress: 0.4, start_message: 'Loading weights' };
    expect(stateOf({ ...health, ...loading })).toEqual({ name: 'starting', reason: 'Loading weights', progress: 0.4 });
    expect(stateOf({ ...health, status: 'unhealthy' })).toEqual({ name: 'failed', reason: 'because' });
    expect(stateOf({ ...health, draining: true })).toEqual({ name: 'draining' });
    expect(stateOf({ ...health, stream_ready: true })).toEqual({ name: 'ready' });
  });
});

describe('the offer', () => {
  it('has the task only when nothing was set', () => {
    expect(offerFields(DEFAULT_SETTINGS, pipelineOf(METADATA))).toEqual({ task: 'demo' });
    expect(offerFields(DEFAULT_SETTINGS, pipelineOf({ ...METADATA, tasks: ['world', 'demo'] }))).toEqual({ task: 'world' });
  });

  it('sends the defaults of the schema, with what was changed', () => {
    const config_schema = {
      type: 'object',
      properties: {
        steps: { type: 'integer', default: 8 },
        camera: { type: 'object', properties: { yaw: { type: 'number', default: 1 }, roll: { type: 'number', default: 2 } } },
      },
    };
    const settings = { ...DEFAULT_SETTINGS, config: { camera: { roll: 5 } } };
    expect(offerFields(settings, pipelineOf({ ...METADATA, config_schema })).config).toEqual({
      steps: 8,
      camera: { yaw: 1, roll: 5 },
    });
  });

  it('leaves a common field to the schema that has its own', () => {
    const config_schema = { type: 'object', properties: { seed: { type: 'integer' } } };
    const settings = { ...DEFAULT_SETTINGS, seed: 7, durationSeconds: 30 };
    const pipeline = pipelineOf({ ...METADATA, config_schema });
    expect(offerFields(settings, pipeline)).toEqual({ task: 'demo', duration_s: 30, config: { seed: 7 } });
    // What its form says wins, and takes the place of what a link said.
    const changed = { ...settings, ...configChange({ seed: 8 }, pipeline) };
    expect(offerFields(changed, pipeline)).toEqual({ task: 'demo', duration_s: 30, config: { seed: 8 } });
    expect(changed.seed).toBeUndefined();
  });

  it('is the same in the words of the SDK', () => {
    const settings = { ...DEFAULT_SETTINGS, prompt: 'a fox', fps: 12, durationSeconds: 30, seed: 7, config: { steps: 4 } };
    expect(parametersOf(offerFields(settings, pipelineOf(METADATA), 'data:image/png;base64,AA=='))).toEqual({
      task: 'demo',
      prompt: 'a fox',
      fps: 12,
      config: { steps: 4 },
      image: 'data:image/png;base64,AA==',
      fields: { duration_s: 30, seed: 7 },
    });
  });
});
