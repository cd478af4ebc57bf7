import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';

import { ReloadedFile } from '../common/index.js';
import { type ApiKeyRecord, Configuration, ConfigurationError, parseApiKeyRecords } from '../config/index.js';
import { API_KEY_PREFIX, verifyApiKey } from './api-keys.js';
import { CredentialError, NOT_VALID } from './credential.error.js';
import type { Identity } from './identity.js';
import { type KeySource, openKeySource, verifyJsonWebToken } from './json-web-tokens.js';
import { STREAM_TOKEN_PREFIX, StreamTokens } from './stream-tokens.service.js';

const MAX_CREDENTIAL_CHARACTERS = 8_192;
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/iu;

/** The credentials that are configured, opened: what changes behind them is followed. */
export class CredentialSources {
  private constructor(
    private readonly fixed: readonly ApiKeyRecord[],
    private readonly file: ReloadedFile<readonly ApiKeyRecord[]> | undefined,
    readonly keySource: KeySource | undefined,
  ) {}

  /** @throws ConfigurationError when a file cannot be used, or when there is no credential that anybody could have */
  static async open({ auth, http }: Configuration): Promise<CredentialSources> {
    const reloadMs = http.fileReloadSeconds * 1000;
    const fixed = auth.apiKeys === undefined ? [] : parseApiKeyRecords(auth.apiKeys);
    const file = auth.apiKeysFile === undefined ? undefined : await openKeyFile(auth.apiKeysFile, reloadMs);
    const keySource = await openKeySource(auth, reloadMs);
    if (auth.mode === 'required' && keySource === undefined && file === undefined && fixed.length === 0) {
      const message = 'TELEFUSER_AUTH is required and TELEFUSER_API_KEYS has no key: make one with "telefuser api-key <tenant>"';
      throw new ConfigurationError([{ name: 'TELEFUSER_AUTH', message }]);
    }
    return new CredentialSources(fixed, file, keySource);
  }

  get apiKeys(): readonly ApiKeyRecord[] {
    return this.file === undefined ? this.fixed : [...this.fixed, ...this.file.value];
  }

  close(): void {
    this.file?.close();
    this.keySource?.close();
  }
}

async function openKeyFile(path: string, intervalMs: number): Promise<ReloadedFile<readonly ApiKeyRecord[]>> {
  try {
    return await ReloadedFile.open({ paths: [path], intervalMs, parse: ([text = '']) => readRecords(text) });
  } catch (error) {
    const message = `TELEFUSER_API_KEYS_FILE cannot be used: ${(error as Error).message}`;
    throw new ConfigurationError([{ name: 'TELEFUSER_API_KEYS_FILE', message }]);
  }
}

function readRecords(text: string): readonly ApiKeyRecord[] {
  try {
    return parseApiKeyRecords(text);
  } catch (error) {
    throw new Error(`it must hold ${(error as Error).message}`, { cause: error });
  }
}

/** Finds out from the `Authorization` header who makes a request (RFC 6750, section 2.1). */
@Injectable()
export class Authenticator implements OnApplicationShutdown {
  constructor(
    @Inject(CredentialSources) private readonly sources: CredentialSources,
    private readonly configuration: Configuration,
    private readonly streamTokens: StreamTokens,
  ) {}

  /** @throws CredentialError, or the problem `identity-unavailable` */
  async authenticate(header: string | undefined): Promise<Identity> {
    const credential = readCredential(header);
    if (credential.startsWith(API_KEY_PREFIX)) return verifyApiKey(credential, this.sources.apiKeys, Date.now());
    if (credential.startsWith(STREAM_TOKEN_PREFIX)) return this.streamTokens.verify(credential);
    const { keySource } = this.sources;
    if (keySource === undefined) throw new CredentialError('unknown', NOT_VALID);
    return verifyJsonWebToken(credential, keySource.keys, this.configuration.auth);
  }

  onApplicationShutdown(): void {
    this.sources.close();
  }
}

function readCredential(header: string | undefined): string {
  if (header === undefined || header === '') {
    throw new CredentialError('missing', 'This needs a credential: send "Authorization: Bearer" with an API key or a token.');
  }
  const credential = header.length > MAX_CREDENTIAL_CHARACTERS ? undefined : BEARER.exec(header)?.[1];
  if (credential === undefined) {
    throw new CredentialError('malformed', 'The Authorization header must be "Bearer" and an API key or a token.');
  }
  return credential;
}
