import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

import {
  exceedsJsonDepth,
  Problem,
  PROBLEM_MEDIA_TYPE,
  ProblemFilter,
  RequestValidationPipe,
  SDP,
  SDP_FRAGMENT,
  toProblem,
} from './common/index.js';
import { Configuration } from './config/index.js';
import { followRequests, requestIdOf } from './logging/index.js';
import { setUpApiDocument } from './openapi-document.js';
import { isOfferRoute, ServiceFigures } from './sessions/index.js';
import { serveStudio } from './studio-files.js';
import type { CertificatePair } from './tls/index.js';

/** How often Node looks for requests that came too slowly. */
const SLOW_REQUEST_CHECK_MS = 1_000;
/** What requests that are under way have when the server closes. */
const LAST_REQUESTS_MS = 1000;
const MAX_PATH_PARAMETER_CHARACTERS = 256;

const UNREADABLE_JSON = 'The body is not JSON that is taken: it is malformed, or has a "__proto__" or "constructor" key.';

/**
 * The HTTP adapter, with every limit that Fastify itself enforces.
 * @param certificate makes it an HTTPS server.
 */
export function createHttpAdapter({ maxBodyBytes, http }: Configuration, certificate?: CertificatePair): FastifyAdapter {
  const requestTimeout = http.requestTimeoutSeconds * 1000;
  // Said when the server is made: what Fastify sets afterwards Node heeds only until a request's head is complete, and not for its body.
  const server = { connectionsCheckingInterval: SLOW_REQUEST_CHECK_MS, requestTimeout };
  return new FastifyAdapter({
    ...(certificate === undefined ? { http: server } : { https: { ...server, ...certificate } }),
    bodyLimit: maxBodyBytes,
    // Of everyone else X-Forwarded-For would only invite forgery.
    trustProxy: http.trustedProxies.length === 0 ? false : [...http.trustedProxies],
    requestTimeout,
    genReqId: requestIdOf,
    // By the time the HTTP server closes, sessions have ended; a kept-alive connection must not hold up the exit, but a request be answered.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARACTERS },
    // The router refuses a URL that it cannot decode before Nest and its filter see the request.
    frameworkErrors: (error: Error, { id }: { readonly id: string }, reply: { readonly raw: ServerResponse }) => {
      const problem = toProblem(error);
      reply.raw
        .writeHead(problem.status, { 'content-type': PROBLEM_MEDIA_TYPE, 'x-request-id': id })
        .end(JSON.stringify(problem.toDocument(id)));
    },
    clientErrorHandler: (error, socket) => refuseUnparsable(error, socket),
  });
}

/**
 * Everything between the network and the controllers, shared by the process and the tests: body parser, validation, problem documents,
 * security headers, CORS, the studio at `/` and the API document at `/docs`. Call it once, before `init()` or `listen()`; the application must have been
 * created with `bodyParser: false`.
 */
export function configureApp(app: NestFastifyApplication): NestFastifyApplication {
  const configuration = app.get(Configuration);
  followRequests(app);
  acceptJsonOnly(app, configuration);
  acceptSdp(app, configuration);
  closeConnectionsLate(app);
  secureHeaders(app, configuration);
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost), countOffers(app)));
  announceTypes(app);
  allowOrigins(app, configuration.corsOrigins);
  serveStudio(app);
  setUpApiDocument(app);
  return app;
}

/** Offers are refused in many places, before a guard sees them and behind it; here all of them come by, once each. */
function countOffers(app: NestFastifyApplication): (request: unknown, error: unknown) => void {
  return (request, error) => {
    const { routeOptions } = request as Partial<RoutedRequest>;
    if (isOfferRoute(routeOptions?.config)) app.get(ServiceFigures, { strict: false }).offerRefused(error);
  };
}

/** Fastify also reads plain text and Nest also forms; the API has neither. */
function acceptJsonOnly(app: NestFastifyApplication, { maxBodyBytes, maxJsonDepth }: Configuration): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit: maxBodyBytes }, (request, body, done) => {
    if (takenType(request) !== 'application/json') {
      done(wrongType(request));
      return;
    }
    // A DELETE with a JSON content type and nothing after it is common, and harmless.
    if (body.length === 0 && request.method === 'DELETE') {
      done(null, undefined);
      return;
    }
    void parseJson(request as Parameters<typeof parseJson>[0], body.toString('utf8'), (error, value) => {
      if (error !== null) done(new Problem('malformed-request', UNREADABLE_JSON, { cause: error }));
      else if (exceedsJsonDepth(value, maxJsonDepth)) done(tooDeep(maxJsonDepth));
      else done(null, value);
    });
  });
}

/** A request that is still under way when the server closes has a moment; then it must not hold up the exit either. */
function closeConnectionsLate(app: NestFastifyApplication): void {
  const server = app.getHttpServer();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      const timer = setTimeout(() => server.closeAllConnections(), LAST_REQUESTS_MS);
      server.once('close', () => clearTimeout(timer));
      done();
    });
}

/** Descriptions and fragments for WHEP, on the routes that say that they take them. Everywhere else their types are none that is taken. */
function acceptSdp(app: NestFastifyApplication, { maxBodyBytes }: Configuration): void {
  for (const type of [SDP, SDP_FRAGMENT]) {
    app.useBodyParser(type, { bodyLimit: maxBodyBytes }, (request, body, done) => {
      if (takenType(request) === type) done(null, body.toString('utf8'));
      else done(wrongType(request));
    });
  }
}

/** A request of Fastify, as far as it is read here. */
interface RoutedRequest {
  readonly routeOptions: { readonly config?: unknown };
}

/** What the route takes, as its `AddRouteConfig` says. */
function takenType({ routeOptions }: RoutedRequest): string {
  const { mediaType } = (routeOptions.config ?? {}) as { readonly mediaType?: string };
  return mediaType ?? 'application/json';
}

function wrongType(request: RoutedRequest): Problem {
  return new Problem('unsupported-media-type', `This route takes ${takenType(request)}.`);
}

function tooDeep(maxJsonDepth: number): Problem {
  const detail = `The body nests deeper than ${maxJsonDepth} levels`;
  return new Problem('validation-failed', `${detail}.`, { errors: [{ pointer: '', detail }] });
}

/** For the studio and Swagger UI above all, which need their own scripts and styles and nothing of anybody else. */
function secureHeaders(app: NestFastifyApplication, { http }: Configuration): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      directives: {
        fontSrc: "'self'",
        // Swagger UI has styles in its page.
        styleSrc: ["'self'", "'unsafe-inline'"],
        // A quick start in a local network has no TLS, and nowhere to upgrade to.
        upgradeInsecureRequests: null,
      },
    },
    // Only a server that has a certificate can promise to keep one; behind a proxy the promise is the proxy's.
    strictTransportSecurity: http.tlsCert === undefined ? false : { includeSubDomains: false },
  });
}

function allowOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
    // The last three are for WHEP (RFC 9725 section 4.2 and 4.3).
    exposedHeaders: [
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
      'X-Request-Id',
      'ETag',
      'Link',
      'Location',
    ],
    // A plain OPTIONS asks what a route takes (Accept-Post), and has no origin.
    strictPreflight: false,
    maxAge: 600,
  });
}

/** Says in every answer to OPTIONS what a POST to the path may carry (W3C LDP section 7.1), that to a CORS preflight, which no controller sees, among them. */
function announceTypes(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { acceptPost } = (request.routeOptions.config ?? {}) as { readonly acceptPost?: string };
    if (request.method === 'OPTIONS' && acceptPost !== undefined) void reply.header('accept-post', acceptPost);
    done(null, payload);
  });
}

/** Answers what is not even HTTP; Node gives only the socket, so the answer is written by hand. */
function refuseUnparsable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = new Problem('malformed-request', 'The request is not valid HTTP, has too long a header, or came too slowly.');
  const body = JSON.stringify(problem.toDocument());
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
