import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

import { PROBLEM_CATALOGUE, type ProblemCode } from './catalogue.js';
import { ProblemDto } from './problem.dto.js';
import { Problem, type FieldError } from './problem.js';

/** Media type of error answers (RFC 9457, section 3). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * Declares, in the API document, the problems that an operation (or every operation of a controller) answers with: one response
 * per status, with an example for each code. Declare every code the operation can give; `internal-error` is always added.
 */
export function ApiProblems(...codes: ProblemCode[]): ClassDecorator & MethodDecorator {
  const byStatus = Map.groupBy(new Set<ProblemCode>([...codes, 'internal-error']), (code) => PROBLEM_CATALOGUE[code].status);
  return applyDecorators(ApiExtraModels(ProblemDto), ...[...byStatus].map(([status, group]) => problemResponse(status, group)));
}

function problemResponse(status: number, codes: readonly ProblemCode[]): ClassDecorator & MethodDecorator {
  const headers = {
    ...(codes.some((code) => PROBLEM_CATALOGUE[code].retryAfterSeconds !== undefined) && RETRY_AFTER),
    ...(codes.some((code) => PROBLEM_CATALOGUE[code].challenges === true) && CHALLENGE),
  };
  return ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\`: ${PROBLEM_CATALOGUE[code].when}`).join('\n\n'),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: { $ref: getSchemaPath(ProblemDto) },
        examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
      },
    },
  });
}

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer', example: 5 } },
} as const;
const CHALLENGE = {
  'WWW-Authenticate': {
    description: 'What is wrong with the credential, and the scope that is needed (RFC 6750 section 3).',
    schema: { type: 'string', example: 'Bearer realm="telefuser", error="invalid_token", scope="stream:create"' },
  },
} as const;

/** Of the problems that name fields. */
const ERROR_EXAMPLES: Partial<Record<ProblemCode, readonly FieldError[]>> = {
  'validation-failed': [{ pointer: '/sdp', detail: 'sdp must be a string' }],
  'invalid-image': [{ pointer: '/image', detail: 'image is no JPEG, PNG or WebP file' }],
};

function exampleOf(code: ProblemCode): { summary: string; value: object } {
  const { title, example } = PROBLEM_CATALOGUE[code];
  const errors = ERROR_EXAMPLES[code] ?? [];
  return { summary: title, value: new Problem(code, example, { errors }).toDocument() };
}
