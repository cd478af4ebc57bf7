import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineCrashedError, PipelineUnavailableError } from '../pipeline.errors.js';
import { decodeChunk } from '../protocol/media-codec.js';
import { MAX_HEADER_BYTES, MessageDecoder, ProtocolError } from '../protocol/message-decoder.js';
import { encodeMessage } from '../protocol/message-encoder.js';
import { parseHostMessage } from '../protocol/message-parsers.js';
import { PipelineHost } from './pipeline-host.js';

const SEEDS = Array.from({ length: 16 }, (_, index) => index + 1);

const unhandled: unknown[] = [];
const hear = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', hear);
  for (const method of ['log', 'warn', 'error', 'debug'] as const)
    vi.spyOn(Logger.prototype, method).mockImplementation(() => undefined);
});
afterEach(() => {
  process.off('unhandledRejection', hear);
  vi.restoreAllMocks();
});

describe('a host that breaks the protocol', () => {
  it.each(SEEDS)('hurts nobody but itself (seed %i)', async (seed) => {
    const fixture = fileURLToPath(new URL('../fixtures/broken-host.mjs', import.meta.url));
    const exited = Promise.withResolvers<string>();
    const host = new PipelineHost(
      {
        name: 'Pipeline',
        command: { command: process.execPath, args: [fixture, String(seed)], environment: {} },
        file: '/none',
        gpuNum: 1,
        options: {},
        startTimeoutMs: 5000,
        callTimeoutMs: 1000,
        closeTimeoutMs: 300,
        hangTimeoutMs: 5000,
        memoryLimitBytes: 1024 ** 3,
      },
      exited.resolve,
    );
    try {
      await host.started();
      const run = await host.open('s', {});
      const chunks = (async () => {
        for await (const _ of run.chunks()) void _;
      })();
      // Whatever it said, it is ended for it: sooner or later it breaks a rule.
      expect(await exited.promise).toMatch(/broke the host protocol: ./);
      await chunks.catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      await run.close();
    } catch (error) {
      // It may have been ended while it was being started or asked.
      if (!(error instanceof PipelineUnavailableError) && !(error instanceof PipelineCrashedError)) throw error;
      expect(await exited.promise).toMatch(/broke the host protocol: ./);
    } finally {
      await host.stop();
    }
    expect(host.load).toBe(0);
    expect(unhandled).toEqual([]);
  });
});

describe('what a host says', () => {
  it('is understood or is a ProtocolError, whatever it is', () => {
    const header = fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.constantFrom('type', 'run', 'message', 'pictures', 'audio', 'metadata', 'parts', 'kind', 'mode', 'id'),
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom('chunk', 'opened', 'refused', 'log', 'ready', 'hello', 'conflict', 'server_push', 1),
        fc.constant([{ kind: 'encoded' }]),
      ),
    );
    const run = (bytes: Buffer): void => {
      const decoder = new MessageDecoder(MAX_HEADER_BYTES.fromHost);
      try {
        for (const raw of decoder.push(bytes)) {
          const message = parseHostMessage(raw);
          if (message?.type === 'chunk') decodeChunk(raw);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    };
    fc.assert(
      fc.property(
        header,
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
        fc.array(fc.nat()),
        (fields, parts, flips) => {
          const bytes = Buffer.concat(encodeMessage(fields, parts, MAX_HEADER_BYTES.fromHost));
          run(bytes);
          for (const flip of flips) bytes[flip % bytes.length]! ^= 1 << (flip % 8);
          run(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
