import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';

import type { ProblemCode } from '../common/index.js';
import type { Scope } from '../config/index.js';
import type { Identity } from './identity.js';

/** Name of the security scheme in the API document. */
export const SECURITY_SCHEME = 'bearer';

/** What a route with a `@Access` may answer for it; name them in its `@ApiProblems`. */
export const ACCESS_PROBLEMS = [
  'unauthenticated',
  'insufficient-scope',
  'rate-limited',
  'identity-unavailable',
] as const satisfies readonly ProblemCode[];

/** What a route asks of who calls it. */
export interface AccessRule {
  /** Undefined: any valid credential. */
  readonly scope: Scope | undefined;
  /** Whether a stream token, which is made for one session, will do. */
  readonly streamTokens: boolean;
}

const CONFIG_KEY = 'telefuserAccess';
const IDENTITIES = new WeakMap<object, Identity>();

/**
 * Says which scope a route needs. A route below `/v1/` without it needs any valid credential.
 * @param options `streamTokens: false` keeps stream tokens out.
 */
export function Access(scope: Scope | undefined, { streamTokens = true } = {}): MethodDecorator {
  const rule: AccessRule = { scope, streamTokens };
  // Fastify carries it, not Nest, because the question is asked before the body is read, when Nest has not seen the request.
  return applyDecorators(RouteConfig({ [CONFIG_KEY]: rule }), ApiSecurity(SECURITY_SCHEME));
}

/** The rule of a route, by what Fastify keeps of it. */
export function accessRuleOf(config: unknown): AccessRule | undefined {
  return (config as Readonly<Record<string, unknown>> | undefined)?.[CONFIG_KEY] as AccessRule | undefined;
}

/** Remembers who makes a request. */
export function identify(request: object, identity: Identity): void {
  IDENTITIES.set(request, identity);
}

/** Who makes a request; undefined on a route that asks nobody. */
export function identityOf(request: object): Identity | undefined {
  return IDENTITIES.get(request);
}

/** The parameter of a controller that is given who makes the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const identity = identityOf(context.switchToHttp().getRequest<object>());
  if (identity === undefined) throw new Error('Caller needs a route below /v1/');
  return identity;
});
