import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/index.js';
import { IceServersService } from '../ice/index.js';
import { Access, ACCESS_PROBLEMS } from '../identity/index.js';
import { IceServersDto } from './ice-servers.dto.js';

/** Tells a client how to find a path to the server. */
@ApiTags('webrtc')
@Controller('v1/stream/ice-servers')
@ApiProblems(...ACCESS_PROBLEMS)
export class IceServersController {
  constructor(private readonly iceServers: IceServersService) {}

  /** The client's ICE configuration. */
  @Get()
  @Access('stream:create')
  // Credentials are for whoever asked, and for a time.
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Get an ICE configuration',
    description:
      'STUN and TURN servers for `new RTCPeerConnection({ iceServers, iceTransportPolicy })`. TURN credentials are minted for the caller where ' +
      'the server shares a secret with the TURN servers: ask anew for every connection.',
  })
  @ApiOkResponse({ type: IceServersDto, description: 'The configuration to use.' })
  get(): IceServersDto {
    const { servers, transportPolicy, ttlSeconds, expiresAtMs } = this.iceServers.mint();
    return {
      ice_servers: servers,
      ice_transport_policy: transportPolicy,
      ...(ttlSeconds !== undefined && { ttl: ttlSeconds }),
      ...(expiresAtMs !== undefined && { expires_at: new Date(expiresAtMs).toISOString() }),
    };
  }
}
