import { IceCandidate, RTCIceParameters, type RTCIceTransport } from 'werift';
import type { ApiClient } from './api-client.ts';
import type { WeriftClient } from './werift-client.ts';

const TIMEOUT_MS = 20_000;

/** An answer of the server by WHEP. */
export interface WhepAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a problem document. */
  readonly code: string | undefined;
}

export async function whepRequest(
  url: string | URL,
  method: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<WhepAnswer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, connection: 'close' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status: response.status,
    headers: response.headers,
    text,
    code: isProblem ? (JSON.parse(text) as { readonly code: string }).code : undefined,
  };
}

/** A player of WHEP on a client of the tests. */
export class WhepPlayer {
  session = '';
  etag = '';

  constructor(
    private readonly api: ApiClient,
    readonly client: WeriftClient,
  ) {}

  /** @param sdp instead of the client's offer. */
  async post(query = '', sdp = this.client.offerSdp, headers: Readonly<Record<string, string>> = {}): Promise<WhepAnswer> {
    const url = new URL(`v1/stream/whep${query}`, this.api.url);
    const answer = await whepRequest(url, 'POST', { 'content-type': 'application/sdp', ...headers }, sdp);
    this.session = new URL(answer.headers.get('location') ?? '', url).href;
    this.etag = answer.headers.get('etag') ?? '';
    return answer;
  }

  get sessionId(): string {
    return this.session.split('/').at(-1) ?? '';
  }

  /** Posts the offer, applies the answer and waits for the connection. */
  async play(query = ''): Promise<void> {
    const answer = await this.post(query);
    if (answer.status !== 201) throw new Error(`the offer was answered ${answer.status}: ${answer.text}`);
    await this.client.accept({ status: answer.status, headers: answer.headers, body: { sdp: answer.text } });
  }

  /** Posts the offer in JSON, applies the answer and waits for the connection: another door to a session of the same kind. */
  async playByOffer(): Promise<void> {
    const answer = await this.client.offer(this.api);
    this.session = new URL(`v1/stream/whep/${this.client.sessionId}`, this.api.url).href;
    this.etag = answer.headers.get('etag') ?? '';
    await this.client.accept(answer);
  }

  patch(ifMatch: string | undefined, fragment: string): Promise<WhepAnswer> {
    const headers = {
      'content-type': 'application/trickle-ice-sdpfrag',
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    };
    return whepRequest(this.session, 'PATCH', headers, fragment);
  }

  /** The client's credentials and candidates as a fragment. */
  fragment(candidates: readonly string[] = []): string {
    const { usernameFragment, password } = this.transport.localParameters;
    const lines = [`a=ice-ufrag:${usernameFragment}`, `a=ice-pwd:${password}`, 'm=video 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0'];
    return [...lines, ...candidates.map((candidate) => `a=${candidate}`), ''].join('\r\n');
  }

  /** Loses its addresses, as a phone does that leaves a network: the next restart finds others. */
  async move(): Promise<void> {
    await this.client.vanish();
    // What werift keeps of its sockets; with them gone it opens others.
    (this.transport.connection as unknown as { protocols: unknown[] }).protocols = [];
  }

  /** Restarts ICE on both sides. */
  async restart(): Promise<WhepAnswer> {
    const { transport } = this;
    transport.restart();
    await transport.gather();
    const candidates = transport.localCandidates.map((candidate) => `candidate:${candidate.toJSON().candidate}`);
    const answer = await this.patch('*', this.fragment(candidates));
    if (answer.status !== 200) return answer;
    this.etag = answer.headers.get('etag') ?? '';
    const line = (name: string): string => new RegExp(`^a=${name}:(.*)\r$`, 'mu').exec(answer.text)?.[1] ?? '';
    transport.connection.setRemoteParams(
      new RTCIceParameters({ iceLite: false, usernameFragment: line('ice-ufrag'), password: line('ice-pwd') }),
    );
    for (const [, candidate = ''] of answer.text.matchAll(/^a=(candidate:.*)\r$/gmu)) {
      await transport.addRemoteCandidate(IceCandidate.fromJSON({ candidate }));
    }
    await transport.start();
    return answer;
  }

  get transport(): RTCIceTransport {
    const [transport] = this.client.connection.iceTransports;
    if (transport === undefined) throw new Error('the client has no transport');
    return transport;
  }
}
