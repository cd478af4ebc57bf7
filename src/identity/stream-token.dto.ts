import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

const ONE_DAY_SECONDS = 86_400;

/** What a token is to be. As in an offer, a field that is null counts as left out. */
@ApiSchema({ name: 'StreamTokenRequest' })
export class StreamTokenRequestDto {
  @ApiPropertyOptional({
    type: 'integer',
    description: 'Seconds in which the token may open its session; at most `TELEFUSER_STREAM_TOKEN_MAX_SECONDS`.',
    example: 60,
    default: 60,
    minimum: 1,
    maximum: ONE_DAY_SECONDS,
    nullable: true,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(ONE_DAY_SECONDS)
  readonly expires_in?: number;
}

/** A token for one session. */
@ApiSchema({ name: 'StreamToken' })
export class StreamTokenDto {
  @ApiProperty({
    type: String,
    description: 'To be sent as `Authorization: Bearer` with the offer, and with what is asked of the session.',
    example: 'tfs_eyJhbGciOiJIUzI1NiIsInR5cCI6InRlbGVmdXNlci1zdHJlYW0rand0In0…',
  })
  readonly token!: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  readonly token_type!: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds in which it may open its session.', example: 60 })
  readonly expires_in!: number;

  @ApiProperty({ type: String, format: 'date-time', description: 'When that is over.', example: '2026-07-01T12:00:00.000Z' })
  readonly expires_at!: string;
}
