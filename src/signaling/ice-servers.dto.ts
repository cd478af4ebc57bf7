import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ICE_TRANSPORT_POLICIES, type IceTransportPolicy } from '../config/index.js';

/** A STUN or TURN server, as `RTCPeerConnection` takes it. */
@ApiSchema({ name: 'IceServer' })
export class IceServerDto {
  @ApiProperty({ type: [String], example: ['turn:turn.example.com:3478', 'turns:turn.example.com:5349?transport=tcp'] })
  readonly urls!: readonly string[];

  @ApiPropertyOptional({ description: 'TURN only.', example: '1767225600:5c3f0b6e' })
  readonly username?: string;

  @ApiPropertyOptional({ description: 'TURN only.', example: 'gSXS9Kgt1Y1GzUKKN0o7cKbVKqI=' })
  readonly credential?: string;
}

/** A client's ICE configuration. */
@ApiSchema({ name: 'IceServers' })
export class IceServersDto {
  @ApiProperty({ description: 'For `RTCConfiguration.iceServers`; empty where none are configured.', type: [IceServerDto] })
  readonly ice_servers!: readonly IceServerDto[];

  @ApiProperty({ description: 'For `RTCConfiguration.iceTransportPolicy`.', enum: ICE_TRANSPORT_POLICIES, example: 'all' })
  readonly ice_transport_policy!: IceTransportPolicy;

  @ApiPropertyOptional({
    description: 'Seconds for which the minted TURN credentials are good; absent where none were minted.',
    type: 'integer',
    example: 86_400,
  })
  readonly ttl?: number;

  @ApiPropertyOptional({ description: 'When they expire.', format: 'date-time', example: '2026-01-01T00:00:00.000Z' })
  readonly expires_at?: string;
}
