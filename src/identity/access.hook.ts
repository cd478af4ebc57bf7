import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';

import { Problem } from '../common/index.js';
import { Configuration } from '../config/index.js';
import { type AccessRule, accessRuleOf, identify } from './access.decorator.js';
import { AuditLog } from './audit-log.service.js';
import { Authenticator } from './authenticator.service.js';
import { CredentialError } from './credential.error.js';
import { ANYONE, type Identity } from './identity.js';
import { countedAddress, rateLimitHeaders, RateLimiter } from './rate-limiter.js';

/** What Fastify needs to be told of a hook; its own types come with its package, which is Nest's and not ours. */
interface AnyFastifyInstance {
  addHook(name: 'onRequest', hook: (request: IncomingRequest, reply: OutgoingReply) => Promise<void>): unknown;
}

const WINDOW_MS = 60_000;
const REPORT_EVERY_MS = 10_000;
const REALM = 'Bearer realm="telefuser"';
/** Routes below it ask who calls, also those that forgot to say so. */
const PROTECTED_PREFIX = '/v1/';
const ANY_CREDENTIAL: AccessRule = { scope: undefined, streamTokens: true };

/** The little of a request that it looks at. */
interface IncomingRequest {
  readonly ip: string;
  readonly method: string;
  readonly headers: { readonly authorization?: string | undefined };
  readonly routeOptions: { readonly url?: string | undefined; readonly config: unknown };
}

interface OutgoingReply {
  header(name: string, value: string): unknown;
}

/**
 * Asks every request below `/v1/` who makes it, counts it, and asks whether it may. It does so as soon as the head of the request is there, and
 * before the body is read and parsed, so that a stranger costs next to nothing; a guard of Nest would come after that.
 */
@Injectable()
export class AccessHook implements OnModuleInit {
  private readonly logger = new Logger(AccessHook.name);
  private readonly limiter: RateLimiter | undefined;
  private reportedAtMs = -Infinity;

  constructor(
    private readonly adapterHost: HttpAdapterHost<FastifyAdapter>,
    private readonly configuration: Configuration,
    private readonly authenticator: Authenticator,
    private readonly audit: AuditLog,
  ) {
    const { rateLimit } = configuration.http;
    this.limiter = rateLimit === 0 ? undefined : new RateLimiter(rateLimit, WINDOW_MS);
  }

  onModuleInit(): void {
    this.warnIfOpen();
    const adapter: FastifyAdapter | undefined = this.adapterHost.httpAdapter;
    // As a plugin it comes after those that were registered before, CORS among them: a page must be able to read its refusal.
    const plugin = async (fastify: AnyFastifyInstance): Promise<void> => {
      fastify.addHook('onRequest', (request, reply) => this.admit(request, reply));
    };
    // Of the whole server, and not of the plugin's own scope only.
    void adapter?.register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
  }

  /** @throws Problem */
  async admit(request: IncomingRequest, reply: OutgoingReply): Promise<void> {
    const { url, config } = request.routeOptions;
    const rule = accessRuleOf(config) ?? (url?.startsWith(PROTECTED_PREFIX) === true ? ANY_CREDENTIAL : undefined);
    if (rule === undefined) return;
    const identity = await this.identify(request);
    this.count(request, identity instanceof Error ? undefined : identity, reply);
    if (identity instanceof CredentialError) throw this.refusal(identity, request, rule);
    if (identity instanceof Error) throw identity;
    this.requireAllowed(identity, request, rule);
    identify(request, identity);
  }

  private async identify({ headers }: IncomingRequest): Promise<Identity | CredentialError | Problem> {
    if (this.configuration.auth.mode === 'none') return ANYONE;
    try {
      return await this.authenticator.authenticate(headers.authorization);
    } catch (error) {
      if (error instanceof Problem) this.reportUnavailable(error);
      if (error instanceof CredentialError || error instanceof Problem) return error;
      throw error;
    }
  }

  /** Every request would say it as long as the identity provider is away; once in a while is enough. */
  private reportUnavailable({ detail, cause }: Problem): void {
    const nowMs = performance.now();
    if (nowMs - this.reportedAtMs < REPORT_EVERY_MS) return;
    this.reportedAtMs = nowMs;
    this.logger.error(`${detail} ${cause instanceof Error ? cause.message : ''}`.trim());
  }

  /** A client with a valid credential is counted by it: others behind the same address cannot use up what is its. */
  private count({ ip }: IncomingRequest, identity: Identity | undefined, reply: OutgoingReply): void {
    if (this.limiter === undefined) return;
    const isKnown = identity !== undefined && identity.kind !== 'anonymous';
    const client = isKnown ? `${identity.kind} ${identity.tenant} ${identity.name}` : `address ${countedAddress(ip)}`;
    const verdict = this.limiter.take(client, performance.now());
    for (const [name, value] of Object.entries(rateLimitHeaders(verdict))) reply.header(name, value);
    if (verdict.allowed) return;
    if (verdict.firstRefusal) this.audit.refuse('rate-limited', identity, { address: ip });
    const { resetSeconds } = verdict;
    const detail = `As many requests as are allowed were made. Try again in ${resetSeconds} seconds.`;
    throw new Problem('rate-limited', detail, { retryAfterSeconds: resetSeconds });
  }

  private refusal({ fault, detail, credentialId }: CredentialError, request: IncomingRequest, { scope }: AccessRule): Problem {
    this.audit.refuse('credential-refused', undefined, { reason: fault, credential: credentialId, ...whereIs(request) });
    // Who sent none is told no error (RFC 6750, section 3.1), but what to get.
    const parts = [
      REALM,
      ...(fault === 'missing' ? [] : ['error="invalid_token"', `error_description="${detail.replaceAll('"', "'")}"`]),
    ];
    const challenge = [...parts, ...(scope === undefined ? [] : [`scope="${scope}"`])].join(', ');
    return new Problem('unauthenticated', detail, { headers: { 'www-authenticate': challenge } });
  }

  private requireAllowed(identity: Identity, request: IncomingRequest, { scope, streamTokens }: AccessRule): void {
    const isKept = !streamTokens && identity.kind === 'stream-token';
    if (!isKept && (scope === undefined || identity.scopes.has(scope))) return;
    // It has expired for everything but the session that it opened.
    if (identity.kind === 'stream-token' && !isKept && scope === 'stream:create') {
      throw this.refusal(new CredentialError('expired', 'The token has expired.', identity.name), request, {
        scope,
        streamTokens,
      });
    }
    this.audit.refuse('scope-refused', identity, { scope, ...whereIs(request) });
    const detail = isKept ? 'A stream token is for its one session, and not for this.' : `This needs the scope ${scope}.`;
    const challenge = `${REALM}, error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope}"`}`;
    throw new Problem('insufficient-scope', detail, { headers: { 'www-authenticate': challenge } });
  }

  private warnIfOpen(): void {
    const { auth, host, port } = this.configuration;
    if (auth.mode !== 'none' || isLoopback(host)) return;
    this.logger.warn(
      `TELEFUSER_AUTH is none: everyone who reaches port ${port} on ${host} may open, read and close sessions. Set TELEFUSER_AUTH=required, or listen on 127.0.0.1 only.`,
    );
  }
}

function whereIs({ ip, method, routeOptions }: IncomingRequest): Readonly<Record<string, string | undefined>> {
  return { address: ip, method, route: routeOptions.url };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(host);
}
