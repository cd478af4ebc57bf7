import { parseApiKeyRecords } from './api-key-records.js';
import type { ConfigurationProblem } from './configuration.error.js';
import { ChoiceVariable, IntegerVariable, ListVariable, NumberVariable, TextVariable } from './variable.decorators.js';

/** Who may use the API. */
export const AUTH_MODES = ['none', 'required'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** Signatures that a JSON Web Token may have: asymmetric ones, so that what verifies a token cannot make one (RFC 7518, RFC 8037). */
const JWT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const HTTP_URL = /^https?:\/\/[^\s@]{1,2000}$/u;
const CLAIM = /^[\u0021-\u007e]{1,128}$/u;
const MAX_PATH_CHARACTERS = 4096;
const ONE_DAY_SECONDS = 86_400;

const isPath = (text: string): boolean => text.length > 0 && !text.includes('\0');

/** Who may use the API, and how they prove who they are. */
export class AuthConfiguration {
  @ChoiceVariable('TELEFUSER_AUTH', {
    description: 'Whether the API takes anyone (none) or only clients with an API key or a token (required).',
    choices: AUTH_MODES,
  })
  readonly mode: AuthMode = 'none';

  @TextVariable('TELEFUSER_API_KEYS', {
    description: 'API keys that are taken, hashed, as telefuser api-key prints them; several may be valid at once, for rotation.',
    maxLength: 1_000_000,
    allowed: 'a JSON array of key records',
    test: () => true,
    secret: true,
  })
  readonly apiKeys?: string;

  @TextVariable('TELEFUSER_API_KEYS_FILE', {
    description: 'File with further API keys in the same form; it is read again when it changes.',
    maxLength: MAX_PATH_CHARACTERS,
    allowed: 'the path of a file',
    test: isPath,
  })
  readonly apiKeysFile?: string;

  @TextVariable('TELEFUSER_JWKS_URL', {
    description: 'Where the public keys of the identity provider are (RFC 7517); set the issuer and the audience with it.',
    maxLength: 2048,
    allowed: 'a URL that begins with https:// or http://',
    test: (text) => HTTP_URL.test(text) && URL.canParse(text),
  })
  readonly jwksUrl?: string;

  @TextVariable('TELEFUSER_JWKS_FILE', {
    description: 'File with the public keys of the identity provider, instead of their URL; it is read again when it changes.',
    maxLength: MAX_PATH_CHARACTERS,
    allowed: 'the path of a file',
    test: isPath,
  })
  readonly jwksFile?: string;

  @TextVariable('TELEFUSER_JWT_ISSUER', {
    description: 'The iss that a JSON Web Token must have.',
    maxLength: 2048,
    allowed: 'a text of at most 2048 characters',
    test: () => true,
  })
  readonly jwtIssuer?: string;

  @ListVariable('TELEFUSER_JWT_AUDIENCE', {
    description: 'Names of this server, one of which must be in the aud of a JSON Web Token.',
    maxItems: 16,
    allowed: 'texts',
    test: (text) => text.length > 0 && text.length <= 2048,
  })
  readonly jwtAudience: readonly string[] = [];

  @ListVariable('TELEFUSER_JWT_ALGORITHMS', {
    description: 'Signatures that a JSON Web Token may have.',
    maxItems: JWT_ALGORITHMS.length,
    allowed: `of ${JWT_ALGORITHMS.join(', ')}`,
    test: (text) => (JWT_ALGORITHMS as readonly string[]).includes(text),
  })
  readonly jwtAlgorithms: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

  @IntegerVariable('TELEFUSER_JWT_CLOCK_SKEW_SECONDS', {
    description: 'Seconds that the clock of the identity provider may differ from this one.',
    min: 0,
    max: 300,
  })
  readonly jwtClockSkewSeconds: number = 30;

  @TextVariable('TELEFUSER_JWT_TENANT_CLAIM', {
    description: 'Claim of a JSON Web Token that names the tenant.',
    maxLength: 128,
    allowed: 'the name of a claim',
    test: (text) => CLAIM.test(text),
  })
  readonly jwtTenantClaim: string = 'tenant';

  @NumberVariable('TELEFUSER_JWKS_CACHE_SECONDS', {
    description: 'Seconds after which the keys at TELEFUSER_JWKS_URL are fetched again.',
    min: 1,
    max: ONE_DAY_SECONDS,
  })
  readonly jwksCacheSeconds: number = 600;

  @NumberVariable('TELEFUSER_JWKS_COOLDOWN_SECONDS', {
    description: 'Seconds before a token with an unknown key may make the keys at TELEFUSER_JWKS_URL be fetched once more.',
    min: 0.1,
    max: 3_600,
  })
  readonly jwksCooldownSeconds: number = 30;

  @IntegerVariable('TELEFUSER_TENANT_MAX_SESSIONS', {
    description: 'Sessions that one tenant may have open at once; the next offer is answered with 429. 0 is no limit of its own.',
    min: 0,
    max: 100,
  })
  readonly tenantMaxSessions: number = 0;

  @TextVariable('TELEFUSER_STREAM_TOKEN_SECRET', {
    description:
      'Secret that signs stream tokens, the same for all instances; without it each makes its own and takes only its own tokens.',
    maxLength: 512,
    allowed: 'a text of 32 to 512 characters',
    test: (text) => text.length >= 32,
    secret: true,
  })
  readonly streamTokenSecret?: string;

  @IntegerVariable('TELEFUSER_STREAM_TOKEN_MAX_SECONDS', {
    description: 'Longest time in which a stream token may open its session.',
    min: 1,
    max: ONE_DAY_SECONDS,
  })
  readonly streamTokenMaxSeconds: number = 600;
}

/** What is wrong between the variables of the section: credentials that are asked for and not configured, or checked by half. */
export function authProblems(auth: AuthConfiguration): ConfigurationProblem[] {
  return [...keyProblems(auth), ...jwtProblems(auth), ...missingCredentials(auth)];
}

function keyProblems({ apiKeys }: AuthConfiguration): ConfigurationProblem[] {
  if (apiKeys === undefined) return [];
  const name = 'TELEFUSER_API_KEYS';
  try {
    parseApiKeyRecords(apiKeys);
    return [];
  } catch (error) {
    return [{ name, message: `${name} must be ${(error as Error).message}` }];
  }
}

/** A token whose issuer or audience nobody looks at could have been made for any other service of the same provider. */
function jwtProblems({ jwksUrl, jwksFile, jwtIssuer, jwtAudience, jwtAlgorithms }: AuthConfiguration): ConfigurationProblem[] {
  const source = jwksUrl === undefined ? 'TELEFUSER_JWKS_FILE' : 'TELEFUSER_JWKS_URL';
  const must = (name: string): ConfigurationProblem => ({ name, message: `${name} must be set, because ${source} is set` });
  if (jwksUrl === undefined && jwksFile === undefined) return [];
  const problems: ConfigurationProblem[] = [];
  if (jwksUrl !== undefined && jwksFile !== undefined) {
    problems.push({
      name: 'TELEFUSER_JWKS_FILE',
      message: 'TELEFUSER_JWKS_FILE must be unset, because TELEFUSER_JWKS_URL is set',
    });
  }
  if (jwtIssuer === undefined) problems.push(must('TELEFUSER_JWT_ISSUER'));
  if (jwtAudience.length === 0) problems.push(must('TELEFUSER_JWT_AUDIENCE'));
  if (jwtAlgorithms.length === 0) problems.push(must('TELEFUSER_JWT_ALGORITHMS'));
  return problems;
}

function missingCredentials({ mode, apiKeys, apiKeysFile, jwksUrl, jwksFile }: AuthConfiguration): ConfigurationProblem[] {
  if (mode === 'none') return [];
  if ([apiKeys, apiKeysFile, jwksUrl, jwksFile].some((source) => source !== undefined)) return [];
  const message =
    'TELEFUSER_AUTH is required and no credentials are configured: make a key with "telefuser api-key <tenant>" and set TELEFUSER_API_KEYS, or set TELEFUSER_JWKS_URL';
  return [{ name: 'TELEFUSER_AUTH', message }];
}
