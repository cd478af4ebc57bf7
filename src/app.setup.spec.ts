import 'reflect-metadata';

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { Body, Controller, Delete, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { configureApp, createHttpAdapter } from './app.setup.js';
import { Problem, PROBLEM_CATALOGUE } from './common/index.js';
import { type Configuration, loadConfiguration } from './config/index.js';
import { ConfigurationModule } from './configuration.module.js';
import { OfferRoute, ServiceFigures } from './sessions/index.js';

class EchoDto {
  @IsString()
  readonly name!: string;
}

@Controller('echo')
class EchoController {
  readonly asked = Promise.withResolvers<void>();
  readonly answer = Promise.withResolvers<object>();

  @Post()
  echo(@Body() body: EchoDto): object {
    if (body.name === 'throw') throw new Error('secret');
    if (body.name === 'full') throw new Problem('max-sessions', 'All taken.', { retryAfterSeconds: 7 });
    return { ...body, isDto: body instanceof EchoDto };
  }

  /** Answered when the test says so. */
  @Get('later')
  later(): Promise<object> {
    this.asked.resolve();
    return this.answer.promise;
  }

  @Delete(':id')
  remove(@Param('id') id: string): object {
    return { id };
  }
}

@Controller('v1/stream')
class OfferController {
  @OfferRoute()
  @Post(['webrtc/offer', 'whep'])
  offer(@Body() { name }: EchoDto): object {
    if (name === 'full') throw new Problem('max-sessions', 'All taken.');
    throw new Error('secret');
  }

  @Delete('whep')
  close(): object {
    throw new Problem('session-not-found', 'None.');
  }
}

const figures = { offerRefused: vi.fn<(error: unknown) => void>() };

@Module({ controllers: [EchoController, OfferController], providers: [{ provide: ServiceFigures, useValue: figures }] })
class EchoModule {}

async function start(configuration: Configuration): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({ imports: [ConfigurationModule.register(configuration), EchoModule] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(configuration), {
    bodyParser: false,
    logger: false,
  });
  configureApp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

const JSON_TYPE = { 'content-type': 'application/json' };
let app: NestFastifyApplication;

beforeAll(async () => {
  app = await start(loadConfiguration({ TELEFUSER_MAX_BODY_BYTES: '65536', TELEFUSER_MAX_JSON_DEPTH: '8' }));
});
afterAll(async () => {
  await app.close();
});

async function post(payload: string, headers: Record<string, string> = JSON_TYPE): ReturnType<NestFastifyApplication['inject']> {
  return app.inject({ method: 'POST', url: '/echo', payload, headers });
}

const nested = (depth: number): string => `{"name":"a","x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

describe('a configured application', () => {
  it('gives the controller an instance of its DTO, further fields included', async () => {
    const response = await post('{"name":"a","further":{"x":[1]}}', { 'content-type': 'application/json; charset=utf-8' });
    expect(response.json()).toEqual({ name: 'a', further: { x: [1] }, isDto: true });
  });

  it.each([
    ['a body that is no JSON', '{"name":', JSON_TYPE, 'malformed-request'],
    ['an empty body', '', JSON_TYPE, 'malformed-request'],
    ['a body that would poison a prototype', '{"name":"a","__proto__":{"x":1}}', JSON_TYPE, 'malformed-request'],
    ['a nested value that would', '{"name":"a","x":{"constructor":{"prototype":{"y":1}}}}', JSON_TYPE, 'malformed-request'],
    ['plain text', 'name', { 'content-type': 'text/plain' }, 'unsupported-media-type'],
    ['a form', 'name=a', { 'content-type': 'application/x-www-form-urlencoded' }, 'unsupported-media-type'],
    ['a body over the limit', `{"name":"${'a'.repeat(65_536)}"}`, JSON_TYPE, 'body-too-large'],
    ['a missing field', '{}', JSON_TYPE, 'validation-failed'],
    ['a field of the wrong type', '{"name":1}', JSON_TYPE, 'validation-failed'],
    ['an array', '[]', JSON_TYPE, 'validation-failed'],
    ['a value nested one level too deep', nested(9), JSON_TYPE, 'validation-failed'],
    ['a value nested far too deep', nested(30_000), JSON_TYPE, 'validation-failed'],
    ['an error nobody foresaw', '{"name":"throw"}', JSON_TYPE, 'internal-error'],
    ['an expected failure', '{"name":"full"}', JSON_TYPE, 'max-sessions'],
  ] as const)('answers %s with a problem document', async (_what, payload, headers, code) => {
    const response = await post(payload, headers);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/u);
    expect(response.statusCode).toBe(PROBLEM_CATALOGUE[code].status);
    expect(response.json()).toMatchObject({ code, status: response.statusCode, title: PROBLEM_CATALOGUE[code].title });
    expect(response.body).not.toContain('secret');
  });

  it('accepts a body nested exactly as deep as allowed', async () => {
    expect((await post(nested(8))).statusCode).toBe(201);
  });

  it('sends Retry-After with the problems that pass', async () => {
    expect((await post('{"name":"full"}')).headers['retry-after']).toBe('7');
  });

  it.each([
    ['GET', '/nowhere', 404, 'not-found'],
    ['PUT', '/echo', 404, 'not-found'],
    ['DELETE', '/echo/%zz', 400, 'malformed-request'],
    ['DELETE', `/echo/${'a'.repeat(257)}`, 400, 'malformed-request'],
  ] as const)('answers %s %s with %i', async (method, url, status, code) => {
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/u);
    expect(response.json()).toMatchObject({ code });
  });

  it('accepts a DELETE that announces JSON and sends none', async () => {
    const response = await app.inject({ method: 'DELETE', url: '/echo/a', headers: JSON_TYPE });
    expect(response.json()).toEqual({ id: 'a' });
  });

  it('answers what is not HTTP with a problem document, and closes the connection', { timeout: 5_000 }, async () => {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write('NOT HTTP\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/u);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code: 'malformed-request', status: 400 });
  });

  it('serves the page at /, the API document at /openapi.json and Swagger UI at /docs', async () => {
    for (const [url, type] of [
      ['/', 'text/html'],
      ['/docs', 'text/html'],
      ['/openapi.json', 'application/json'],
    ] as const) {
      const response = await app.inject({ method: 'GET', url });
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toContain(type);
    }
  });
});

describe('an application that closes', () => {
  async function asked(): Promise<{ closing: NestFastifyApplication; echo: EchoController; answer: Promise<Response> }> {
    const closing = await start(loadConfiguration({}));
    await closing.listen(0, '127.0.0.1');
    const { port } = closing.getHttpServer().address() as { port: number };
    const answer = fetch(`http://127.0.0.1:${port}/echo/later`);
    const echo = closing.get(EchoController);
    await echo.asked.promise;
    return { closing, echo, answer };
  }

  it('answers a request that is under way', async () => {
    const { closing, echo, answer } = await asked();
    const closed = closing.close();
    echo.answer.resolve({ late: true });
    expect(await (await answer).json()).toEqual({ late: true });
    await closed;
  });

  it('is not held up by one that is not answered in time', async () => {
    const { closing, answer } = await asked();
    answer.catch(() => undefined);
    await closing.close();
    await expect(answer).rejects.toThrow('fetch failed');
  });
});

describe('the allowed origins', () => {
  const preflight = (server: NestFastifyApplication, origin: string) =>
    server.inject({ method: 'OPTIONS', url: '/echo', headers: { origin, 'access-control-request-method': 'POST' } });

  it('are all by default', async () => {
    const { headers } = await preflight(app, 'https://any.example');
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-allow-methods']).toBe('GET, POST, PATCH, DELETE, OPTIONS');
    expect((await app.inject({ method: 'GET', url: '/nowhere' })).headers['access-control-allow-origin']).toBe('*');
  });

  it('are exactly those that are configured', async () => {
    const restricted = await start(loadConfiguration({ TELEFUSER_CORS_ORIGINS: '["https://a.example"]' }));
    try {
      expect((await preflight(restricted, 'https://a.example')).headers['access-control-allow-origin']).toBe('https://a.example');
      expect((await preflight(restricted, 'https://b.example')).headers['access-control-allow-origin']).toBeUndefined();
    } finally {
      await restricted.close();
    }
  });

  it('are none when the list is empty', async () => {
    const closed = await start(loadConfiguration({ TELEFUSER_CORS_ORIGINS: '[]' }));
    try {
      expect((await preflight(closed, 'https://a.example')).headers).not.toHaveProperty('access-control-allow-origin');
    } finally {
      await closed.close();
    }
  });
});

describe('an OPTIONS that is no preflight', () => {
  it('is answered without a body wherever pages of others may ask', async () => {
    for (const headers of [{}, { origin: 'https://a.example' }, { 'access-control-request-method': 'POST' }]) {
      for (const url of ['/v1/stream/webrtc/offer', '/echo', '/nowhere']) {
        expect(await app.inject({ method: 'OPTIONS', url, headers })).toMatchObject({ statusCode: 204, body: '' });
      }
    }
  });

  it('is answered with a problem document where they may not', async () => {
    const closed = await start(loadConfiguration({ TELEFUSER_CORS_ORIGINS: '[]' }));
    try {
      const response = await closed.inject({ method: 'OPTIONS', url: '/v1/stream/webrtc/offer' });
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/u);
      expect(response.json()).toMatchObject({ status: 404, code: 'not-found' });
    } finally {
      await closed.close();
    }
  });
});

describe('an offer that is refused', () => {
  let offered: NestFastifyApplication;
  beforeAll(async () => {
    offered = await start(loadConfiguration({}));
  });
  afterAll(() => offered.close());

  it.each([
    ['by the parser', '{', 'application/json', 400],
    ['for its type', 'x', 'text/plain', 415],
    ['by validation', '{}', 'application/json', 422],
    ['by the server', '{"name":"full"}', 'application/json', 503],
    ['by a bug', '{"name":"x"}', 'application/json', 500],
  ])('%s is counted once', async (_what, payload, type, status) => {
    const headers = { 'content-type': type };
    for (const url of ['/v1/stream/webrtc/offer', '/v1/stream/whep']) {
      figures.offerRefused.mockClear();
      expect((await offered.inject({ method: 'POST', url, headers, payload })).statusCode).toBe(status);
      expect(figures.offerRefused).toHaveBeenCalledOnce();
    }
    await offered.inject({ method: 'POST', url: '/echo', headers, payload });
    await offered.inject({ method: 'DELETE', url: '/v1/stream/whep' });
    expect(figures.offerRefused).toHaveBeenCalledOnce();
  });
});
