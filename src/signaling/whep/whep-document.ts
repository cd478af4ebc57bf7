import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { SESSION_ID, SESSION_ID_RULE } from '../../sessions/index.js';

export const SDP_EXAMPLE =
  'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n…';

export const FRAGMENT_EXAMPLE =
  'a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n' +
  'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n';

export const LOCATION_HEADER = {
  description: 'URL of the session, for PATCH and DELETE.',
  schema: { type: 'string', format: 'uri-reference' },
  example: '/v1/stream/whep/5c3f0b6e-1d2a-4c55-9d0e-3a8b7f0d9c11',
} as const;

export const ETAG_HEADER = {
  description: 'Names the ICE session, for If-Match.',
  schema: { type: 'string' },
  example: '"0-EsAw"',
} as const;

export const LINK_HEADER = {
  description:
    'STUN and TURN servers with credentials minted for the client (RFC 9725 section 4.6); absent where none are configured.',
  schema: { type: 'string' },
  example:
    '<turn:turn.example.com:3478>; rel="ice-server"; username="1767225600:5c3f0b6e"; credential="gSXS9Kgt1Y1GzUKKN0o7cKbVKqI="; credential-type="password"',
} as const;

export const IF_MATCH_HEADER = {
  name: 'If-Match',
  description: 'The ETag of the ICE session; `*` for a restart.',
  required: true,
  schema: { type: 'string' },
  example: '"0-EsAw"',
} as const;

/** The fields of an offer as query parameters, with the bounds of {@link OfferDto}. */
export const OFFER_PARAMETERS = applyDecorators(
  ApiQuery({
    name: 'task',
    description: "The pipeline's task.",
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 256, default: 't2v' },
    example: 't2v',
  }),
  ApiQuery({
    name: 'prompt',
    description: 'What to generate.',
    required: false,
    schema: { type: 'string', maxLength: 100_000 },
    example: 'a lighthouse in a storm',
  }),
  ApiQuery({
    name: 'fps',
    description: 'Frames a second for chunks that say none.',
    required: false,
    schema: { type: 'number', minimum: 1, maximum: 240 },
    example: 24,
  }),
  ApiQuery({
    name: 'session_id',
    description: `Id of the session; the server makes one if it is left out. ${SESSION_ID_RULE}`,
    required: false,
    schema: { type: 'string', pattern: SESSION_ID.source },
    example: 'demo-1',
  }),
  ApiQuery({
    name: 'config',
    description: 'Session configuration as a JSON object; what is accepted is up to the pipeline.',
    required: false,
    schema: { type: 'string' },
    example: '{"duration_s":30}',
  }),
);
