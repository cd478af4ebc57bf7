import { controlKey } from '../contract/control-id.js';
import { isRecord, readDelivery, readNumber, readRecord, readText, readWord } from './field-readers.js';
import { ProtocolError, type RawMessage } from './message-decoder.js';
import { START_FAILURE_KINDS, type ChunkMessage, type HostMessage, type ReadyMessage, type ServerMessage } from './messages.js';

const MAX_TEXT = 4000;
const MAX_STACK = 16_000;
const MAX_SESSION_ID = 256;
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_RUNTIME = 100;
const MAX_SESSIONS = 1000;
const MAX_PATH = 4096;
const MAX_PROGRESS_TEXT = 200;

/** A host's message; a chunk's header is left to `decodeChunk`. */
export type ParsedHostMessage = Exclude<HostMessage, ChunkMessage> | { readonly type: 'chunk'; readonly run: number };

/** A server's message; incoming media is left to `decodeMediaInput`. */
export type ParsedServerMessage = Exclude<ServerMessage, { type: 'media' }> | { readonly type: 'media'; readonly run: number };

/**
 * The message of a host, every field checked: a host runs foreign code and is not trusted.
 *
 * @returns undefined for a type this version does not know
 * @throws ProtocolError
 */
export function parseHostMessage({ header }: RawMessage): ParsedHostMessage | undefined {
  const run = (): number => readNumber(header, 'run', 1, Number.MAX_SAFE_INTEGER);
  const message = (): string => readText(header, 'message', MAX_TEXT);
  const stack = (): { stack?: string } => (header['stack'] === undefined ? {} : { stack: readText(header, 'stack', MAX_STACK) });
  switch (header['type']) {
    case 'hello':
      return { type: 'hello', protocol: readNumber(header, 'protocol', 1, Number.MAX_SAFE_INTEGER), ...readRuntime(header) };
    case 'progress':
      return {
        type: 'progress',
        ...(header['fraction'] === undefined ? {} : { fraction: readNumber(header, 'fraction', 0, 1) }),
        ...(header['text'] === undefined ? {} : { text: readText(header, 'text', MAX_PROGRESS_TEXT) }),
      };
    case 'ready':
      return parseReady(header);
    case 'pong':
      return { type: 'pong', id: readNumber(header, 'id', 0, Number.MAX_SAFE_INTEGER) };
    case 'start-failed':
      return { type: 'start-failed', kind: readWord(header, 'kind', START_FAILURE_KINDS), message: message(), ...stack() };
    case 'opened':
      return { type: 'opened', run: run(), session: readText(header, 'session', MAX_SESSION_ID) };
    case 'refused':
      return {
        type: 'refused',
        run: run(),
        kind: readWord(header, 'kind', ['refused', 'conflict'] as const),
        message: message(),
      };
    case 'chunk':
      return { type: 'chunk', run: run() };
    case 'chunk-error':
      return { type: 'chunk-error', run: run(), message: message() };
    case 'end':
      return { type: 'end', run: run() };
    case 'failed':
      return { type: 'failed', run: run(), message: message() };
    case 'push-error':
      return { type: 'push-error', run: run(), message: message() };
    case 'closed':
      return { type: 'closed', run: run() };
    case 'log': {
      const level = readWord(header, 'level', ['debug', 'info', 'warn', 'error'] as const);
      const text = readText(header, 'text', MAX_TEXT);
      return header['run'] === undefined ? { type: 'log', level, text } : { type: 'log', level, text, run: run() };
    }
    case 'fatal':
      return { type: 'fatal', message: message(), ...stack() };
    case 'stopped':
      return { type: 'stopped' };
    default:
      return undefined;
  }
}

/** @throws ProtocolError */
function readControl(header: RawMessage['header']): { control?: string } {
  if (header['control'] === undefined) return {};
  const control = controlKey(header['control']);
  if (control === undefined) throw new ProtocolError('control is no id');
  return { control };
}

function readRuntime(header: RawMessage['header']): { runtime?: string } {
  return header['runtime'] === undefined ? {} : { runtime: readText(header, 'runtime', MAX_RUNTIME) };
}

function parseReady(header: RawMessage['header']): ReadyMessage {
  return {
    type: 'ready',
    mode: readWord(header, 'mode', ['server_push', 'bidirectional'] as const),
    ...(header['defaultFps'] === undefined ? {} : { defaultFps: readNumber(header, 'defaultFps', 1, 240) }),
    ...(header['maxSessions'] === undefined ? {} : { maxSessions: readNumber(header, 'maxSessions', 1, MAX_SESSIONS) }),
    ...readDelivery(header),
    ...(header['about'] === undefined ? {} : { about: readRecord(header, 'about') }),
    ...(header['configSchema'] === undefined ? {} : { configSchema: readRecord(header, 'configSchema') }),
  };
}

/**
 * The message of a server.
 *
 * @returns undefined for a type this version does not know
 * @throws ProtocolError
 */
export function parseServerMessage({ header }: RawMessage): ParsedServerMessage | undefined {
  const run = (): number => readNumber(header, 'run', 1, Number.MAX_SAFE_INTEGER);
  const timeoutMs = (): number => readNumber(header, 'timeoutMs', 0, MAX_TIMEOUT_MS);
  switch (header['type']) {
    case 'start':
      return parseStart(header);
    case 'ping':
      return { type: 'ping', id: readNumber(header, 'id', 0, Number.MAX_SAFE_INTEGER) };
    case 'open': {
      const request = header['request'];
      if (!isRecord(request)) throw new ProtocolError('an open without a request');
      return { type: 'open', run: run(), session: readText(header, 'session', MAX_SESSION_ID), request };
    }
    case 'pull':
      return { type: 'pull', run: run(), credit: readNumber(header, 'credit', 1, 1000) };
    case 'push':
      return header['binary'] === true
        ? { type: 'push', run: run(), binary: true }
        : { type: 'push', run: run(), message: header['message'], ...readControl(header) };
    case 'media':
      return { type: 'media', run: run() };
    case 'close':
      return { type: 'close', run: run(), timeoutMs: timeoutMs() };
    case 'stop':
      return { type: 'stop', timeoutMs: timeoutMs() };
    default:
      return undefined;
  }
}

function parseStart(header: RawMessage['header']): Extract<ServerMessage, { type: 'start' }> {
  const options = header['options'];
  if (!isRecord(options)) throw new ProtocolError('a start without options');
  for (const name of Object.keys(options)) readText(options, name, MAX_TEXT);
  return {
    type: 'start',
    file: readText(header, 'file', MAX_PATH),
    gpuNum: readNumber(header, 'gpuNum', 1, MAX_SESSIONS),
    options: options as Readonly<Record<string, string>>,
  };
}
