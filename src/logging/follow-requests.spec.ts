import 'reflect-metadata';

import { Body, Controller, Get, Logger, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { followRequests } from './follow-requests.js';
import { requestFields, requestIdOf } from './request-context.js';

/** What was logged, and in the course of which request. */
const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];

@Controller()
class EchoController {
  @Get('query')
  query(): object {
    return requestFields();
  }

  @Post('body')
  async body(@Body() body: unknown): Promise<object> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return { ...requestFields(), body };
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

let app: NestFastifyApplication;

beforeEach(async () => {
  lines.length = 0;
  const take = (level: string) => (message: string, fields: Record<string, unknown>) => lines.push({ level, message, fields });
  const logger = { log: () => undefined, warn: take('warn'), error: take('error'), debug: take('debug') };
  const adapter = new FastifyAdapter({ genReqId: requestIdOf });
  app = await NestFactory.create<NestFastifyApplication>(EchoModule, adapter, { logger });
  followRequests(app);
  // Of a real socket: what comes of the body, comes in its events.
  await app.listen(0, '127.0.0.1');
});
afterEach(async () => {
  await app.close();
  Logger.overrideLogger(['log']);
});

async function send(path: string, init: RequestInit = {}): Promise<{ id: string | null; body: { request_id?: string } }> {
  const answer = await fetch(new URL(path, await app.getUrl()), init);
  return { id: answer.headers.get('x-request-id'), body: (await answer.json()) as { request_id?: string } };
}

describe('a request', () => {
  it('is known by the id that it came with, in its answer and in what it sets off', async () => {
    const { id, body } = await send('query', { headers: { 'x-request-id': 'edge-7:a.b~c' } });
    expect([id, body.request_id]).toEqual(['edge-7:a.b~c', 'edge-7:a.b~c']);
  });

  it('is known by it behind its body as well', async () => {
    const init = { method: 'POST', headers: { 'x-request-id': 'r-2', 'content-type': 'application/json' }, body: '{"a":1}' };
    expect((await send('body', init)).body.request_id).toBe('r-2');
  });

  it.each(['', 'with space', 'x'.repeat(129), 'quote"', 'ümlaut', 'a,b'])('gets an id of our own for %j', async (sent) => {
    const { id, body } = await send('query', { headers: { 'x-request-id': sent } });
    expect(id).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/u);
    expect(body.request_id).toBe(id);
  });

  it('has one line at the level debug, without its query', async () => {
    const { id } = await send('query?token=secret');
    // The answer may be here before the server has noticed that it has left.
    const own = () => lines.filter(({ fields }) => fields['request_id'] === id);
    await vi.waitFor(() => expect(own()).not.toEqual([]));
    expect(own()).toEqual([
      {
        level: 'debug',
        message: expect.stringMatching(/^GET \/query answered 200 after [\d.]+ ms$/u) as string,
        fields: { method: 'GET', path: '/query', status: 200, duration_ms: expect.any(Number) as number, request_id: id },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});
