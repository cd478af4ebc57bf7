import { ApiProperty } from '@nestjs/swagger';

/** How many sessions there are, by mode. */
export class SessionCountsDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Sessions that hold a slot.', example: 1 })
  readonly webrtc_active_sessions!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Of these, server push.', example: 1 })
  readonly webrtc_server_push_sessions!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Of these, bidirectional.', example: 0 })
  readonly webrtc_bidirectional_sessions!: number;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Slots there are.', example: 10 })
  readonly webrtc_max_sessions!: number;
}
