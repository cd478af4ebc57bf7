import { HttpApi } from './http-api.js';
import type { ServerOptions } from './options.js';
import type { StreamMode } from './stream-session.js';

/** What the server and its pipeline are (`GET /v1/service/metadata`), as far as this library names it. */
export interface ServiceMetadata {
  /** Null until it is known. */
  readonly stream_mode: StreamMode | null;
  readonly pipeline_file: string;
  readonly default_fps?: number;
  readonly [field: string]: unknown;
}

/** Whether sessions are taken (`GET /v1/service/health`), as far as this library names it. */
export interface ServiceHealth {
  readonly stream_ready: boolean;
  readonly stream_mode: StreamMode | null;
  /** Why it is not ready. */
  readonly reason?: string;
  readonly webrtc_active_sessions: number;
  readonly webrtc_max_sessions: number;
  readonly [field: string]: unknown;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks what the pipeline is.
 * @throws StreamError
 */
export function fetchMetadata(server: string | URL | ServerOptions, options: RequestOptions = {}): Promise<ServiceMetadata> {
  return ask(server, 'v1/service/metadata', options);
}

/**
 * Asks whether sessions are taken.
 * @throws StreamError
 */
export function fetchHealth(server: string | URL | ServerOptions, options: RequestOptions = {}): Promise<ServiceHealth> {
  return ask(server, 'v1/service/health', options);
}

async function ask<T>(server: string | URL | ServerOptions, path: string, { signal }: RequestOptions): Promise<T> {
  const api = new HttpApi(server);
  const authorization = await api.authorize(signal ?? new AbortController().signal);
  return api.read<T>('GET', path, { authorization, signal });
}
