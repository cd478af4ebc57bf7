import { expect, it } from 'vitest';
import { hostEnvironment } from './host-environment.js';

const ENVIRONMENT = { PATH: '/bin', HF_TOKEN: 'secret', UNSET: undefined, TELEFUSER_TURN_CREDENTIAL: 'secret' };

it('keeps the server’s own variables and their secrets from a trusted pipeline', () => {
  expect(hostEnvironment(ENVIRONMENT, 'permissive', { pipelineEnvironment: [] })).toEqual({ PATH: '/bin', HF_TOKEN: 'secret' });
});

it.each(['strict', 'standard'] as const)('gives a pipeline at the level %s what the operator grants', (level) => {
  expect(hostEnvironment(ENVIRONMENT, level, { pipelineEnvironment: [] })).toEqual({});
  const granted = { pipelineEnvironment: ['HF_TOKEN', 'MISSING', 'TELEFUSER_TURN_CREDENTIAL'] };
  expect(hostEnvironment(ENVIRONMENT, level, granted)).toEqual({ HF_TOKEN: 'secret' });
});
