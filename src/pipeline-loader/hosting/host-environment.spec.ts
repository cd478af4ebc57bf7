import { expect, it } from 'vitest';
import { hostEnvironment } from './host-environment.js';

it('hands the environment on without the server’s own variables', () => {
  const environment = { PATH: '/bin', VIDEO_PATH: 'a.mp4', TELEFUSER_TURN_CREDENTIAL: 'secret', GONE: undefined };
  expect(hostEnvironment(environment)).toEqual({ PATH: '/bin', VIDEO_PATH: 'a.mp4' });
});
