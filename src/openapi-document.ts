import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import { VERSION } from './common/index.js';
import { SECURITY_SCHEME } from './identity/index.js';
import { describeHeaders } from './openapi-headers.js';
import { upgradeDocument } from './openapi-upgrade.js';

const DESCRIPTION = `Serves one generative pipeline to browsers over WebRTC.

A client makes an SDP offer, posts it to \`/v1/stream/webrtc/offer\`, and applies the answer. Errors are problem documents (RFC 9457)
with a stable \`code\`.

Where the server takes known clients only (\`TELEFUSER_AUTH=required\`), everything below \`/v1\` needs \`Authorization: Bearer\` with an API key, a
JSON Web Token or a stream token; where it takes everyone, the header is ignored.`;

/** Describes the API of an application (OpenAPI 3). The schemas are complete only for a build made by \`nest build\`. */
export function createApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('TeleFuser stream server')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description:
          'An API key (`tfk_…`), a JSON Web Token of the configured issuer, or a stream token (`tfs_…`) of `POST /v1/stream/tokens`. Scopes: `stream:create`, `stream:read`, `stream:close`.',
      },
      SECURITY_SCHEME,
    )
    .addTag('webrtc', 'Signalling: an offer opens a session')
    .addTag('whep', 'Signalling by the WebRTC-HTTP Egress Protocol, for players that speak it')
    .addTag('sessions', 'Sessions by id')
    .addTag('tokens', 'Tokens for browsers')
    .addTag('service', 'What the service is and how it is')
    .addTag('probes', 'For orchestrators')
    .build();
  return describeHeaders(SwaggerModule.createDocument(app, base, { operationIdFactory: operationId }));
}

/** `WebRtcController.offer` → `webRtcOffer`: unique, and a good name for a generated client's method. */
function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/u, '');
  return `${subject.charAt(0).toLowerCase()}${subject.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/**
 * Serves the document at `/openapi.json`, the same in OpenAPI 3.1 at `/openapi-3.1.json`, and Swagger UI at `/docs`; it is made on the
 * first request, not at the start.
 */
export function setUpApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => createApiDocument(app), { jsonDocumentUrl: 'openapi.json', raw: ['json'] });
  let upgraded: Readonly<Record<string, unknown>> | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/openapi-3.1.json', () => (upgraded ??= upgradeDocument({ ...createApiDocument(app) })));
}
