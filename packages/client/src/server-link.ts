import type { Authorization, HttpApi } from './http-api.js';
import type { Inputs } from './inputs.js';
import type { ConnectOptions } from './options.js';
import { iceFragment, withIce, withStereo } from './sdp.js';
import { parseServerMessage, type ServerMessage } from './server-messages.js';
import { StreamError, throwIfAborted } from './stream-error.js';
import type { StreamMode } from './stream-session.js';
import { until } from './waiting.js';

/** For candidates; those that come later are sent after the offer. */
const GATHER_TIMEOUT_MS = 1000;
/** Where only relayed candidates count, an offer without any is of little use. */
const RELAY_GATHER_TIMEOUT_MS = 5000;
const RESTART_GATHER_TIMEOUT_MS = 300;
/** From the answer of a restart until the new path is found. */
const RESTART_CONNECT_MS = 4000;
const CLOSE_TIMEOUT_MS = 3000;
/** Hold back against an uneven network where nobody steers. */
const SERVER_PUSH_JITTER_BUFFER_MS = 150;

/** Is told of what happens to a link, in the order in which it happens. */
export interface LinkObserver {
  connectionChanged(state: RTCPeerConnectionState): void;
  messageReceived(message: ServerMessage): void;
  /** The server's end is gone for good. */
  linkEnded(): void;
}

interface LinkRequest {
  readonly api: HttpApi;
  readonly options: ConnectOptions;
  readonly inputs: Inputs;
  readonly observer: LinkObserver;
  /** How long a question to the server may take that needs no pipeline. */
  readonly quickTimeoutMs: number;
}

interface IceServersAnswer {
  readonly ice_servers?: RTCIceServer[];
  readonly ice_transport_policy?: RTCIceTransportPolicy;
}

interface OfferAnswer {
  readonly session_id: string;
  readonly sdp: string;
  readonly stream_mode?: StreamMode;
}

/** One session of the server, and the connection that carries it. `close()` ends both. */
export class ServerLink {
  readonly tracks: MediaStreamTrack[] = [];
  readonly connection: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  id = '';
  mode: StreamMode = 'server_push';
  #closed = false;
  readonly #request: LinkRequest;
  /** Of the ICE session; undefined where the server, or a proxy, does not tell. */
  #etag: string | undefined;
  readonly #lateCandidates: string[] = [];

  private constructor(
    request: LinkRequest,
    readonly authorization: Authorization,
    configuration: RTCConfiguration,
  ) {
    this.#request = request;
    const { observer } = request;
    const connection = makeConnection(configuration);
    this.connection = connection;
    // Made before the offer, so that it has a section there.
    this.channel = connection.createDataChannel('telefuser');
    this.channel.binaryType = 'arraybuffer';
    this.channel.addEventListener('message', ({ data }) => {
      const message = parseServerMessage(data);
      if (message !== undefined && !this.#closed) observer.messageReceived(message);
    });
    this.channel.addEventListener('close', () => this.#ended());
    connection.addEventListener('track', ({ track }) => this.tracks.push(track));
    connection.addEventListener('connectionstatechange', () => {
      // For a moment "new" again when the answer bundles transports.
      if (!this.#closed && connection.connectionState !== 'new') observer.connectionChanged(connection.connectionState);
    });
  }

  /**
   * Opens a session of the server, and resolves when it is connected. What was built is gone when it rejects.
   * @throws StreamError
   */
  static async open(request: LinkRequest, signal: AbortSignal): Promise<ServerLink> {
    const { api, options, quickTimeoutMs } = request;
    const authorization = await api.authorize(signal);
    const asked =
      options.iceServers === undefined
        ? await api.read<IceServersAnswer>('GET', 'v1/stream/ice-servers', { authorization, signal, timeoutMs: quickTimeoutMs })
        : { ice_servers: [...options.iceServers] };
    const link = new ServerLink(request, authorization, {
      iceServers: asked.ice_servers ?? [],
      iceTransportPolicy: options.relayOnly === true ? 'relay' : (asked.ice_transport_policy ?? 'all'),
      bundlePolicy: 'max-bundle',
    });
    try {
      await link.#negotiate(signal);
      await link.#connected(signal);
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** The bytes of one message that the server takes. */
  get maxMessageBytes(): number {
    return this.connection.sctp?.maxMessageSize ?? 65_536;
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  /**
   * Restarts ICE: the session goes on by another path. Resolves when that is found. Media takes the old path until then, if there is one.
   * @param timeoutMs for the server's answer
   * @throws StreamError; the session is what it was then
   */
  async restart(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const { connection } = this;
    if (this.#closed || connection.signalingState === 'closed')
      throw new StreamError('session-lost', 'The connection is closed.');
    const { remoteDescription } = connection;
    if (remoteDescription === null) throw new StreamError('ice-restart-refused', 'The session has no answer yet.');
    if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
    const offer = await connection.createOffer({ iceRestart: true });
    await connection.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp ?? '') });
    await this.#gathered(RESTART_GATHER_TIMEOUT_MS, signal);
    this.#lateCandidates.length = 0;
    const text = await this.#sendRestart(iceFragment(connection.localDescription?.sdp ?? ''), signal, timeoutMs);
    const sdp = withIce(remoteDescription.sdp, text);
    if (sdp === undefined) throw new StreamError('unexpected-answer', 'The answer to the ICE restart has no credentials.');
    await connection.setRemoteDescription({ type: 'answer', sdp });
    this.#trickleLate();
    await this.#reconnected(signal);
  }

  /** Ends the session at the server, and the connection. Idempotent; never rejects. The page may go meanwhile: the server learns of it all the same. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const request = { authorization: this.authorization, keepalive: true, timeoutMs: CLOSE_TIMEOUT_MS };
    // The server would notice the end of the connection by itself, and not know that it was meant: it is to hear of this first.
    if (this.id !== '') await this.#request.api.send('DELETE', `v1/stream/sessions/${this.id}`, request).catch(() => undefined);
    this.connection.close();
  }

  async #negotiate(signal: AbortSignal): Promise<void> {
    const { connection } = this;
    const { api, options } = this.#request;
    this.#addSections();
    const offer = await connection.createOffer();
    await connection.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp ?? '') });
    const relayOnly = connection.getConfiguration().iceTransportPolicy === 'relay';
    await this.#gathered(relayOnly ? RELAY_GATHER_TIMEOUT_MS : GATHER_TIMEOUT_MS, signal);
    const sent = connection.localDescription?.sdp ?? '';
    connection.addEventListener('icecandidate', ({ candidate }) => this.#trickle(candidate?.candidate));
    const { value, etag } = await api.readTagged('POST', 'v1/stream/webrtc/offer', {
      authorization: this.authorization,
      signal,
      timeoutMs: 60_000,
      body: { ...offerFields(options), sdp: sent, type: 'offer' },
    });
    const answer = value as OfferAnswer;
    if (typeof answer.session_id !== 'string' || typeof answer.sdp !== 'string') {
      throw new StreamError('unexpected-answer', 'The answer to the offer has no session_id or no sdp.');
    }
    this.id = encodeURIComponent(answer.session_id);
    this.#etag = etag;
    this.mode = answer.stream_mode ?? (await this.#askMode(signal));
    await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
    this.#setJitterBuffer();
    this.#watchTransport();
    this.#trickleLate();
  }

  #addSections(): void {
    const { options, inputs } = this.#request;
    for (const kind of ['video', 'audio'] as const) {
      const receives = options[kind] !== false;
      const sends = inputs.has(kind);
      if (!receives && !sends) continue;
      const direction = sends ? (receives ? 'sendrecv' : 'sendonly') : 'recvonly';
      this.connection.addTransceiver(inputs.track(kind) ?? kind, { direction, streams: [inputs.stream] });
    }
  }

  /** A server that says no mode with its answer is older. */
  async #askMode(signal: AbortSignal): Promise<StreamMode> {
    const { authorization } = this;
    const path = `v1/stream/sessions/${this.id}/status`;
    const status = await this.#request.api.read<{ readonly stream_mode?: StreamMode }>('GET', path, { authorization, signal });
    return status.stream_mode ?? 'server_push';
  }

  #setJitterBuffer(): void {
    const usual = this.mode === 'server_push' ? SERVER_PUSH_JITTER_BUFFER_MS : 0;
    const { jitterBufferTargetMs = usual } = this.#request.options;
    for (const receiver of this.connection.getReceivers()) {
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = jitterBufferTargetMs;
    }
  }

  /** The connection itself stays "connected" when the server closes it: it only follows transports that fail (webrtc-pc section 4.4.3). */
  #watchTransport(): void {
    const transport = this.connection.sctp?.transport;
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed' || transport.state === 'failed') this.#ended();
    });
  }

  #ended(): void {
    if (!this.#closed) this.#request.observer.linkEnded();
  }

  async #connected(signal: AbortSignal): Promise<void> {
    const { connection, channel } = this;
    const failed = (): boolean => connection.connectionState === 'failed';
    await until(connection, 'connectionstatechange', () => this.isConnected || failed(), { signal });
    if (failed()) throw new StreamError('connection-failed', 'No path to the server was found.');
    const over = (): boolean => channel.readyState === 'open' || channel.readyState === 'closed';
    if (this.mode === 'bidirectional') await until(channel, ['open', 'close'], over, { signal });
    if (channel.readyState === 'closed') throw new StreamError('session-lost', 'The server has closed the session.');
  }

  async #reconnected(signal: AbortSignal): Promise<void> {
    const { connection } = this;
    const late = AbortSignal.timeout(RESTART_CONNECT_MS);
    try {
      await until(connection, 'connectionstatechange', () => this.isConnected, { signal: AbortSignal.any([signal, late]) });
    } catch (error) {
      throwIfAborted(signal);
      throw new StreamError('connection-failed', 'ICE was restarted, and found no path to the server.', { cause: error });
    }
  }

  async #gathered(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { connection } = this;
    const late = AbortSignal.timeout(timeoutMs);
    const isComplete = (): boolean => connection.iceGatheringState === 'complete';
    await until(connection, 'icegatheringstatechange', isComplete, { signal: AbortSignal.any([signal, late]) }).catch(() =>
      throwIfAborted(signal),
    );
  }

  /** Sends a candidate that was found after the offer had left; without it another path may do. */
  #trickle(candidate: string | undefined): void {
    if (candidate === undefined || candidate === '' || this.#closed) return;
    const { connection } = this;
    // Before the answer there is no ICE session to add it to.
    if (connection.signalingState !== 'stable' || this.id === '') {
      this.#lateCandidates.push(candidate);
      return;
    }
    const [ufrag = '', password = ''] = iceFragment(connection.localDescription?.sdp ?? '').split('\r\n');
    const fragment = [ufrag, password, `a=${candidate}`, ''].join('\r\n');
    void this.#sendFragment(fragment, undefined, CLOSE_TIMEOUT_MS).catch(() => undefined);
  }

  #trickleLate(): void {
    for (const candidate of this.#lateCandidates.splice(0)) this.#trickle(candidate);
  }

  /** Returns the fragment of the server. */
  async #sendRestart(fragment: string, signal: AbortSignal, timeoutMs: number): Promise<string> {
    const answer = await this.#sendFragment(fragment, signal, timeoutMs).catch(async (error: unknown) => {
      if (!(error instanceof StreamError) || error.code !== 'precondition-failed') throw error;
      // An earlier restart has reached the server, and its answer not us.
      const { api } = this.#request;
      const request = { authorization: this.authorization, signal, timeoutMs };
      this.#etag = (await api.send('GET', `v1/stream/whep/${this.id}`, request)).etag;
      return this.#sendFragment(fragment, signal, timeoutMs);
    });
    this.#etag = answer.etag;
    return answer.text;
  }

  /**
   * WHEP's PATCH (docs/whep.md): it is for any session, whatever opened it. It names the ICE session that it is for, since a request that was given up
   * may arrive after a newer one.
   */
  #sendFragment(
    body: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<{ readonly text: string; readonly etag: string | undefined }> {
    return this.#request.api.send('PATCH', `v1/stream/whep/${this.id}`, {
      authorization: this.authorization,
      signal,
      timeoutMs,
      body,
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': this.#etag ?? '*' },
    });
  }
}

function makeConnection(configuration: RTCConfiguration): RTCPeerConnection {
  if (typeof RTCPeerConnection === 'undefined') throw new StreamError('unsupported', 'This browser has no WebRTC.');
  try {
    return new RTCPeerConnection(configuration);
  } catch (cause) {
    throw new StreamError('invalid-option', 'The browser refuses the ICE servers.', { cause });
  }
}

/** The fields of the offer; those that are undefined are left out by JSON. */
function offerFields({ task = 't2v', prompt, fps, sessionId, config, image, fields }: ConnectOptions): Record<string, unknown> {
  return { ...fields, task, prompt, fps, session_id: sessionId, config, image };
}
