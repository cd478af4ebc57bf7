import type { OpenAPIObject } from '@nestjs/swagger';
import { describe, expect, it } from 'vitest';

import { describeHeaders } from './openapi-headers.js';

const RETRY = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' as const } } };
const DOCUMENT: OpenAPIObject = {
  openapi: '3.0.0',
  info: { title: 'Demo', version: '1' },
  components: { schemas: { Problem: { type: 'object' } } },
  paths: {
    '/livez': { get: { responses: { 200: { description: 'Up.' } } } },
    '/v1/things': {
      summary: 'Things',
      post: { responses: { 201: { description: 'Made.' }, 429: { description: 'Too many.', headers: RETRY } } },
    },
  },
};

describe('describeHeaders', () => {
  const described = describeHeaders(DOCUMENT);
  const headersOf = (path: string, method: 'get' | 'post', status: number): object => {
    const response = described.paths[path]?.[method]?.responses[status];
    return response !== undefined && 'headers' in response ? (response.headers ?? {}) : {};
  };

  it('gives every answer the id of its request', () => {
    expect(headersOf('/livez', 'get', 200)).toEqual({ 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } });
  });

  it('gives the answers of what is counted the rate limit as well, and leaves what they have', () => {
    expect(Object.keys(headersOf('/v1/things', 'post', 201))).toEqual(['X-Request-Id', 'RateLimit-Policy', 'RateLimit']);
    expect(headersOf('/v1/things', 'post', 429)).toMatchObject(RETRY);
    expect(Object.keys(headersOf('/v1/things', 'post', 429))).toContain('RateLimit');
  });

  it('describes each header once, and changes nothing else', () => {
    expect(Object.keys(described.components?.headers ?? {})).toEqual(['X-Request-Id', 'RateLimit-Policy', 'RateLimit']);
    expect(described).toMatchObject({ info: DOCUMENT.info, components: { schemas: { Problem: { type: 'object' } } } });
    expect(described.paths['/v1/things']?.summary).toBe('Things');
    expect(DOCUMENT.components).not.toHaveProperty('headers');
  });
});
