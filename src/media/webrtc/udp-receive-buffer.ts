import { Socket } from 'node:dgram';
import type { RTCDtlsTransport } from 'werift';

/** What two round trips of 100 ms bring at 20 Mbit/s, twice over for what the kernel counts beside the payload. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

/** What werift declares private and we must reach: the sockets of its host candidates. */
interface IceInternals {
  readonly protocols: readonly { readonly transport?: { readonly socket?: unknown } }[];
}

/**
 * Gives the sockets room for a burst. The kernel's default holds some 250 small datagrams; while the event loop is busy for a few
 * milliseconds, what a browser sends on a data channel at full speed is lost by the hundred. The kernel caps it by its own limit
 * (`net.core.rmem_max`). Call it once the candidates are gathered.
 */
export function widenReceiveBuffers({ iceTransport }: RTCDtlsTransport): void {
  const { protocols } = iceTransport.connection as unknown as IceInternals;
  for (const { transport } of protocols) {
    if (!(transport?.socket instanceof Socket)) continue;
    try {
      transport.socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      // Closed meanwhile, or not allowed: the default serves, with losses that are repaired.
    }
  }
}
