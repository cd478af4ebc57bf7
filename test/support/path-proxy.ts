import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that publishes a server under a path of its own, and hands on nothing else. */
export class PathProxy implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    /** With a slash at the end. */
    readonly url: string,
  ) {}

  /** @param path begins and ends with a slash */
  static async listen(target: string, path: string): Promise<PathProxy> {
    const server = createServer((incoming, answer) => {
      const { url = '', method, headers } = incoming;
      if (!url.startsWith(path)) {
        answer.writeHead(404).end();
        return;
      }
      const outgoing = request(new URL(url.slice(path.length), target), { method, headers }, (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      });
      outgoing.on('error', () => answer.destroy());
      incoming.pipe(outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new PathProxy(server, `http://127.0.0.1:${port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
