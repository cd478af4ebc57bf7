import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGES = new URL('../browser/original-pages/', import.meta.url);
const API = '/v1/stream/webrtc/';

/**
 * Serves the original pages from an origin of its own, as their scripts do: with the address of the stream server written into them, or with an empty one
 * and a proxy that hands on nothing but method, path, content type and body, and gives back status, content type and body.
 */
export class DemoSite implements AsyncDisposable {
  /** Of the stream server, with a slash at the end. */
  target = '';

  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async listen(): Promise<DemoSite> {
    const server = createServer();
    const site = new DemoSite(server);
    server.on('request', (request, response) => {
      site
        .answer(request, response)
        .catch((error: unknown) => response.writeHead(502).end(JSON.stringify({ detail: String(error) })));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return site;
  }

  /** As browsers name it, without a slash. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Where a page is that calls the server by way of the proxy, or across origins. */
  page(name: string, way: 'proxy' | 'cross-origin'): string {
    return `${this.origin}/${way}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '/' } = request;
    if (url.startsWith(API)) return this.proxy(request, response);
    const [, way, name = ''] = url.split('/');
    if (!/^[a-z-]+$/u.test(name)) return void response.writeHead(404).end();
    const source = await readFile(new URL(`${name}.html`, PAGES), 'utf8');
    const address = way === 'proxy' ? '' : this.target.replace(/\/$/u, '');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(source.replaceAll('__SERVER_URL__', JSON.stringify(address)).replaceAll('__RTC_CONFIG__', '{}'));
  }

  private async proxy(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await request.toArray();
    const type = request.headers['content-type'];
    const answer = await fetch(new URL((request.url ?? '').slice(1), this.target), {
      method: request.method ?? 'GET',
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      signal: AbortSignal.timeout(30_000),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    const contentType = answer.headers.get('content-type') ?? 'application/octet-stream';
    response.writeHead(answer.status, { 'content-type': contentType, 'content-length': content.length }).end(content);
  }
}
