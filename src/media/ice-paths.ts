import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { networkInterfaces } from 'node:os';
import { Configuration, ConfigurationError } from '../config/index.js';
import { ForbiddenNetworks, IceServersService } from '../ice/index.js';
import { IceTcpListener, interfaceAddresses, type IceOptions } from './webrtc/index.js';

const LOOPBACK = '127.0.0.1';

/** How connections find a path to their clients: what the configuration says, on this machine. Owns the TCP port for media. */
@Injectable()
export class IcePaths implements OnModuleInit, OnApplicationShutdown {
  private tcp: IceTcpListener | undefined;

  /** @throws ConfigurationError where the UDP ports do not suffice for the sessions that may be open. */
  constructor(
    private readonly configuration: Configuration,
    private readonly iceServers: IceServersService,
  ) {
    this.requireEnoughPorts();
  }

  /** @throws ConfigurationError where the TCP port cannot be listened on. */
  async onModuleInit(): Promise<void> {
    const { tcpPort } = this.configuration.ice;
    if (tcpPort === 0) return;
    try {
      this.tcp = await IceTcpListener.listen(tcpPort);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      const message = `TELEFUSER_ICE_TCP_PORT is ${tcpPort}, which cannot be listened on (${reason}); choose another port`;
      throw new ConfigurationError([{ name: 'TELEFUSER_ICE_TCP_PORT', message }]);
    }
  }

  /** The last thing of all: sessions have closed their connections by then. */
  onApplicationShutdown(): void {
    this.tcp?.close();
  }

  /** For one connection: TURN credentials are minted for it. */
  options(): IceOptions {
    const { gatherTimeoutSeconds, transportPolicy, udpPorts, hostAddressMode, deniedNetworks } = this.configuration.ice;
    const hostAddresses = this.hostAddresses();
    const forbidden = new ForbiddenNetworks(deniedNetworks, { loopback: hostAddresses.some(isLoopback) });
    return {
      iceServers: this.iceServers.mint().servers,
      iceTransportPolicy: transportPolicy,
      iceGatherTimeoutMs: gatherTimeoutSeconds * 1000,
      hostAddresses,
      announceInterfaces: hostAddressMode === 'add',
      udpPorts,
      tcp: this.tcp,
      permits: (address) => !forbidden.forbids(address),
    };
  }

  /** The configured addresses; on a machine without a network also the loopback, which a browser on it can still reach. */
  private hostAddresses(): readonly string[] {
    const { hostAddresses, hostAddressMode } = this.configuration.ice;
    const isOnline = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
    const isAsConfigured = isOnline || hostAddressMode === 'replace' || hostAddresses.includes(LOOPBACK);
    return isAsConfigured ? hostAddresses : [...hostAddresses, LOOPBACK];
  }

  /** A session has a socket for each announced address, and one for a TURN server that is spoken to over UDP. */
  private requireEnoughPorts(): void {
    const { maxSessions, ice } = this.configuration;
    if (ice.udpPorts === undefined) return;
    const { first, last } = ice.udpPorts;
    const addresses = new Set([...this.hostAddresses(), ...(ice.hostAddressMode === 'add' ? interfaceAddresses() : [])]);
    const direct = ice.transportPolicy === 'all' ? addresses.size : 0;
    const perSession = direct + (this.usesTurnOverUdp() ? 1 : 0);
    const [needed, there] = [perSession * maxSessions, last - first + 1];
    if (there >= needed) return;
    const message =
      `TELEFUSER_ICE_UDP_PORTS has ${there} ports, and ${maxSessions} sessions need ${needed}: ${perSession} each, ` +
      `for ${[...(direct === 0 ? [] : addresses), ...(this.usesTurnOverUdp() ? ['the TURN server'] : [])].join(', ')}; ` +
      `give it ${first}-${first + needed - 1}, lower TELEFUSER_WEBRTC_MAX_SESSIONS to ${Math.floor(there / perSession)}, ` +
      'or announce fewer addresses with TELEFUSER_ICE_HOST_ADDRESSES and TELEFUSER_ICE_HOST_ADDRESS_MODE=replace';
    throw new ConfigurationError([{ name: 'TELEFUSER_ICE_UDP_PORTS', message }]);
  }

  private usesTurnOverUdp(): boolean {
    const urls = this.iceServers.mint().servers.flatMap((server) => server.urls);
    const turn = urls.find((url) => /^turns?:/u.test(url));
    return turn?.startsWith('turn:') === true && !turn.endsWith('?transport=tcp');
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
