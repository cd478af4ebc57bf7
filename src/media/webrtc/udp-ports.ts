import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { UdpTransport } from 'werift';

/** What werift declares private and we must reach. */
interface TransportInternals {
  readonly socket: Socket;
  readonly options: { readonly portRange?: readonly [first: number, last: number] };
  init(): Promise<void>;
}

/** Every port of the range is taken. */
export class UdpPortsExhaustedError extends Error {
  constructor(first: number, last: number) {
    super(`every UDP port from ${first} to ${last} is taken`);
    this.name = 'UdpPortsExhaustedError';
  }
}

/** Ports that sockets of this process have or are about to take. */
const taken = new Set<number>();

/**
 * Makes werift take the ports of a range safely. Its own way looks for a free port with a socket that it closes again, then binds another:
 * two that do so at the same time find the same port, and as nobody listens for the error of the one that comes second, it ends the process.
 * Transports without a range are left alone. Idempotent.
 */
export function mendUdpPorts(): void {
  const prototype = UdpTransport.prototype as unknown as TransportInternals & { telefuserPorts?: true };
  if (prototype.telefuserPorts === true) return;
  prototype.telefuserPorts = true;
  // oxlint-disable-next-line typescript/unbound-method -- it is called on its own instance below
  const bindAnywhere = prototype.init;
  prototype.init = function init(this: TransportInternals): Promise<void> {
    const { portRange } = this.options;
    return portRange === undefined ? bindAnywhere.call(this) : bindWithin(this.socket, ...portRange);
  };
}

/**
 * Binds to a free port of the range, looked for from a random one on, so that a port is not used again at once by somebody else's session.
 * @throws UdpPortsExhaustedError, with the socket closed.
 */
export async function bindWithin(socket: Socket, first: number, last: number): Promise<void> {
  const count = last - first + 1;
  const start = randomInt(count);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    if (taken.has(port)) continue;
    taken.add(port);
    if (await isBound(socket, port)) {
      socket.once('close', () => taken.delete(port));
      return;
    }
    taken.delete(port);
  }
  socket.close();
  throw new UdpPortsExhaustedError(first, last);
}

/** False where another process has the port, or we may not. */
async function isBound(socket: Socket, port: number): Promise<boolean> {
  try {
    const listening = once(socket, 'listening');
    socket.bind({ port });
    await listening;
    return true;
  } catch {
    return false;
  }
}
