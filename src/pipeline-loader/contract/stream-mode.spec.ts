import { describe, expect, it } from 'vitest';
import { detectStreamMode } from './stream-mode.js';

const method = (): undefined => undefined;
const bidirectional = { createSession: method, pushChunk: method, pullChunks: method, closeSession: method };

describe('detectStreamMode', () => {
  it('tells the two protocols apart, and prefers bidirectional', () => {
    expect(detectStreamMode({ serve: method })).toEqual({ mode: 'server_push' });
    expect(detectStreamMode(bidirectional)).toEqual({ mode: 'bidirectional' });
    expect(detectStreamMode({ ...bidirectional, serve: method })).toEqual({ mode: 'bidirectional' });
    expect(detectStreamMode({ serve: method, pushChunk: method })).toEqual({ mode: 'server_push' });
  });

  it('sees inherited methods', () => {
    class Service {
      serve(): void {}
    }
    expect(detectStreamMode(new (class extends Service {})())).toEqual({ mode: 'server_push' });
  });

  it.each([
    [null, 'getService() returned null, not a service object'],
    [undefined, 'getService() returned undefined, not a service object'],
    [{ ...bidirectional, pullChunks: 1 }, 'the service is bidirectional in part: it lacks pullChunks'],
    [{}, 'the service has neither serve (server push) nor createSession, pushChunk, pullChunks and closeSession (bidirectional)'],
  ])('says what %j lacks', (service, problem) => {
    expect(detectStreamMode(service)).toEqual({ problem });
  });
});
