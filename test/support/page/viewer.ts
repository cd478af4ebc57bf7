/** A viewer of the stream server, as a browser is one: signalling by fetch, one connection, a video element. Runs in the page. */
import { PictureReader, type FrameRecord, type PictureReaderOptions } from './picture-reader.ts';
import { SoundReader } from './sound-reader.ts';
import { StatsSampler } from './stats-sampler.ts';

export interface ViewerOptions {
  /** Merged into the body of the offer. */
  readonly request?: Readonly<Record<string, unknown>>;
  readonly pictures: PictureReaderOptions;
  /** Whether to make the `telefuser` data channel. */
  readonly channel: boolean;
  /** Send the (fake) camera and microphone. */
  readonly inputs?: boolean;
  /** Leave H.264 out of the offer. */
  readonly withoutH264?: boolean;
  /** Offer this codec alone (with its retransmissions), for example `VP8`. */
  readonly onlyCodec?: string;
  /** Read getStats() this often. */
  readonly statsEveryMs?: number;
  readonly timeoutMs: number;
}

/** Width of the video element: large enough to be composed, small enough that eight cost little. */
const ELEMENT_WIDTH = 160;

export class Viewer {
  readonly messages: unknown[] = [];
  /** Connection states with the time each was reached, `performance.now()`. */
  readonly states: { readonly state: string; readonly atMs: number }[] = [];
  /** `mute` and `ended` of the tracks, the end of the channel, states of the DTLS transport. */
  readonly events: { readonly event: string; readonly atMs: number }[] = [];
  readonly element = document.createElement('video');
  sessionId = '';
  postedMs = 0;
  answeredMs = 0;
  pictures: PictureReader | undefined;
  sound: SoundReader | undefined;
  channel: RTCDataChannel | undefined;
  sampler: StatsSampler | undefined;
  private readonly connection = new RTCPeerConnection();
  private readonly aborter = new AbortController();
  private readonly stream = new MediaStream();
  private inputs: MediaStream | undefined;

  /** Resolves when the answer was applied. */
  async open(options: ViewerOptions): Promise<void> {
    const { connection } = this;
    const note = (event: string) => () => this.events.push({ event, atMs: performance.now() });
    connection.onconnectionstatechange = () => this.states.push({ state: connection.connectionState, atMs: performance.now() });
    connection.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      track.addEventListener('mute', note(`${track.kind} mute`));
      track.addEventListener('ended', note(`${track.kind} ended`));
      // The readers get their own clones: the element stops nothing of theirs.
      if (track.kind === 'video') this.pictures = new PictureReader(track.clone(), options.pictures, this.aborter.signal);
      else this.sound = new SoundReader(track.clone(), this.aborter.signal);
    };
    if (options.channel) {
      this.channel = connection.createDataChannel('telefuser');
      this.channel.addEventListener('message', ({ data }: MessageEvent<string>) => this.messages.push(JSON.parse(data)));
      this.channel.addEventListener('close', note('channel close'));
    }
    await this.addSections(options);
    if (options.statsEveryMs !== undefined) {
      this.sampler = new StatsSampler(connection, options.statsEveryMs, this.aborter.signal);
    }
    const offer = await connection.createOffer();
    await connection.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp ?? '') });
    await gathered(connection);
    this.showElement();

    this.postedMs = performance.now();
    const answer = await fetch('/v1/stream/webrtc/offer', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sdp: connection.localDescription?.sdp, type: 'offer', task: 'probe', ...options.request }),
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    const result = (await answer.json()) as { session_id: string; sdp: string; detail?: string };
    this.answeredMs = performance.now();
    if (!answer.ok) throw new Error(`offer refused with ${answer.status}: ${result.detail ?? ''}`);
    this.sessionId = result.session_id;
    await connection.setRemoteDescription({ type: 'answer', sdp: result.sdp });
    // The one transport of a bundle. The connection itself stays "connected" when the server closes it: by its specification it only
    // follows transports that fail.
    const transport = connection.getReceivers()[0]?.transport;
    transport?.addEventListener('statechange', () => note(`transport ${transport.state}`)());
  }

  get connectionState(): string {
    return this.connection.connectionState;
  }

  /** The camera and microphone that are sent. */
  get ownMedia(): MediaStream | undefined {
    return this.inputs;
  }

  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  /** The first frame `accepts` takes, from now on. */
  nextFrame(accepts: (frame: FrameRecord) => boolean, timeoutMs: number): Promise<FrameRecord> {
    const { pictures } = this;
    if (pictures === undefined) return Promise.reject(new Error('the session has no video'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`no such frame within ${timeoutMs} ms; the last: ${JSON.stringify(pictures.frames.at(-1))}`));
      }, timeoutMs);
      const stop = pictures.onFrame((frame) => {
        if (!accepts(frame)) return;
        clearTimeout(timer);
        stop();
        resolve(frame);
      });
    });
  }

  /** Drops what was recorded so far. */
  clear(): void {
    this.pictures?.clear();
    this.sound?.clear();
    this.sampler?.clear();
  }

  /** Closes this end, after it told the server so if it is to. */
  async close(tellServer: boolean): Promise<void> {
    if (tellServer && this.sessionId !== '') await fetch(`/v1/stream/webrtc/${this.sessionId}`, { method: 'DELETE' });
    this.aborter.abort();
    this.connection.close();
    this.element.remove();
    for (const track of this.inputs?.getTracks() ?? []) track.stop();
  }

  private async addSections({ inputs, withoutH264, onlyCodec }: ViewerOptions): Promise<void> {
    const { connection } = this;
    if (inputs === true) {
      this.inputs = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true });
      for (const track of this.inputs.getTracks()) connection.addTrack(track, this.inputs);
    } else {
      for (const kind of ['video', 'audio']) connection.addTransceiver(kind, { direction: 'recvonly' });
    }
    if (withoutH264 !== true && onlyCodec === undefined) return;
    const wanted = ({ mimeType }: RTCRtpCodec): boolean =>
      onlyCodec === undefined ? mimeType !== 'video/H264' : [`video/${onlyCodec}`, 'video/rtx'].includes(mimeType);
    const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs.filter(wanted) ?? [];
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.receiver.track.kind === 'video') transceiver.setCodecPreferences(codecs);
    }
  }

  /** Plays the stream: without an element nothing asks the receiver for sound, and nothing composes the picture. */
  private showElement(): void {
    const { element } = this;
    element.autoplay = true;
    element.width = ELEMENT_WIDTH;
    element.srcObject = this.stream;
    document.body.prepend(element);
    const follow = (_: number, metadata: VideoFrameCallbackMetadata): void => {
      if (metadata.rtpTimestamp !== undefined) this.pictures?.presented(metadata.rtpTimestamp, metadata.expectedDisplayTime);
      if (!this.aborter.signal.aborted) element.requestVideoFrameCallback(follow);
    };
    element.requestVideoFrameCallback(follow);
  }
}

/** Without `stereo=1` on the Opus line of its own offer Chromium decodes what arrives as mono. */
function withStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000/imu.exec(sdp)?.[1];
  return opus === undefined ? sdp : sdp.replace(new RegExp(`^a=fmtp:${opus} .*$`, 'mu'), '$&;stereo=1');
}

async function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return;
  await new Promise<void>((resolve) => {
    connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
  });
}
