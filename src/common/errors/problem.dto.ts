import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { openEnum } from '../open-enum.js';
import { PROBLEM_CODES } from './catalogue.js';

/** One field of the request that is wrong. */
export class FieldErrorDto {
  @ApiProperty({ type: String, description: 'JSON pointer into the body (RFC 6901); empty: the whole body.', example: '/sdp' })
  readonly pointer!: string;

  @ApiProperty({ type: String, description: 'What is wrong with the field.', example: 'sdp must be a string' })
  readonly detail!: string;
}

/** An RFC 9457 problem document: the body of every error answer. */
export class ProblemDto {
  @ApiProperty({
    type: String,
    format: 'uri',
    description: 'Name of the kind of problem: `urn:telefuser:problem:` and the code.',
    example: 'urn:telefuser:problem:validation-failed',
  })
  readonly type!: string;

  @ApiProperty({ type: String, description: 'Summary of the kind of problem.', example: 'The request has invalid fields' })
  readonly title!: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status, repeated.', example: 422 })
  readonly status!: number;

  @ApiProperty({ type: String, description: 'What was wrong with this request.', example: 'sdp must be a string.' })
  readonly detail!: string;

  @ApiProperty({
    ...openEnum(PROBLEM_CODES),
    description: 'Stable code to branch on. A newer server may have more codes: take one you do not know by its status.',
    example: 'validation-failed',
  })
  readonly code!: string;

  @ApiPropertyOptional({
    type: String,
    format: 'uri',
    description:
      'Name of this occurrence: `urn:telefuser:request:` and the id of the request, which is also in the header `X-Request-Id` and in the log.',
    example: 'urn:telefuser:request:0b5b6c0e-7c3e-4f0c-9a57-2f6f0d9c1a44',
  })
  readonly instance?: string;

  @ApiPropertyOptional({ type: [FieldErrorDto], description: 'The invalid fields; only with `validation-failed`.' })
  readonly errors?: FieldErrorDto[];
}
