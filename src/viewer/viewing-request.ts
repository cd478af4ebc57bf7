import { imageDataUrl } from './image-file.js';
import type { IceSettings, StreamServer } from './stream-server.js';

/** What a session is asked for. */
export interface ViewingRequest {
  readonly url: string;
  readonly token: string | undefined;
  readonly task: string;
  readonly prompt: string | undefined;
  readonly fps: number | undefined;
  /** For the pipeline, by its own rules. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** Path of the initial image. */
  readonly image: string | undefined;
  /** Further fields of the offer. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Only by way of a TURN server. */
  readonly relay: boolean;
  /** How long the first picture may take. */
  readonly timeoutMs: number;
}

/** The fields of the offer beside its SDP. Rejects with ViewerError where the image cannot be used. */
export async function offerFields({
  task,
  prompt,
  fps,
  config,
  image,
  fields,
}: ViewingRequest): Promise<Record<string, unknown>> {
  return {
    ...fields,
    task,
    ...(prompt === undefined ? {} : { prompt }),
    ...(fps === undefined ? {} : { fps }),
    ...(config === undefined ? {} : { config }),
    ...(image === undefined ? {} : { image: await imageDataUrl(image) }),
  };
}

/** The server's ICE servers, and whether only they are used. */
export async function iceOf(server: StreamServer, { relay }: ViewingRequest, signal: AbortSignal): Promise<IceSettings> {
  const settings = await server.iceSettings(signal);
  return relay ? { ...settings, iceTransportPolicy: 'relay' } : settings;
}
