/**
 * The server in a process of its own that tells its parent what it holds: `node --expose-gc probed-server.ts <pipeline>`, with an IPC channel.
 * It says `{url}` once the pipeline is ready, and answers every message with a {@link Holdings}.
 */
import { loadConfiguration, readEnvironment } from '#server/config/index.js';
import { serve } from '#server/main.js';
import { IdleMemory } from '#server/memory/index.js';
import { OpusDecoder, OpusEncoder, PictureDecoder, VideoDecoder, VideoEncoder } from '#server/media/codec/index.js';

/** What the process holds. */
export interface Holdings {
  /** Sockets, timers, pipes and processes by kind, as Node names them. */
  readonly resources: Readonly<Record<string, number>>;
  /** Encoders and decoders that were opened and not closed. */
  readonly codecs: Readonly<Record<string, number>>;
  /** As the server keeps it by itself. */
  readonly rssBytes: number;
  /** After a garbage collection. */
  readonly heapBytes: number;
  /** How often the server has given memory back. */
  readonly releases: number;
}

interface Closable {
  close(): void;
}

const openCodecs = new Map<string, number>();

function count(name: string, change: number): void {
  openCodecs.set(name, (openCodecs.get(name) ?? 0) + change);
}

/** Counts the instances that a factory opens and that are not closed. */
function observe(factory: { readonly name: string; open(...args: never[]): Promise<Closable> }): void {
  const { name } = factory;
  const open = factory.open.bind(factory);
  factory.open = async (...args: never[]) => {
    const codec = await open(...args);
    const close = codec.close.bind(codec);
    let closed = false;
    count(name, 1);
    codec.close = () => {
      if (!closed) count(name, -1);
      closed = true;
      close();
    };
    return codec;
  };
}

for (const factory of [VideoEncoder, VideoDecoder, OpusEncoder, OpusDecoder]) observe(factory);
// Picture decoders are made by `new`, so only what is done with them can be seen.
const decoders = new Set<PictureDecoder>();
// oxlint-disable-next-line typescript/unbound-method -- both are called on their own instance below
const { decode, close: closeDecoder } = PictureDecoder.prototype;
PictureDecoder.prototype.decode = function (this: PictureDecoder, ...args) {
  decoders.add(this);
  return decode.apply(this, args);
};
PictureDecoder.prototype.close = function (this: PictureDecoder) {
  decoders.delete(this);
  closeDecoder.apply(this);
};

function holdings(): Holdings {
  const rssBytes = process.memoryUsage.rss();
  // The last resort of the collector also gives back pages that it would keep for later.
  (globalThis.gc as ((options: object) => void) | undefined)?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const { heapUsed } = process.memoryUsage();
  return {
    resources,
    codecs: { ...Object.fromEntries(openCodecs), PictureDecoder: decoders.size },
    rssBytes,
    heapBytes: heapUsed,
    releases: idleMemory.releases,
  };
}

const [path = ''] = process.argv.slice(2);
const server = await serve({
  configuration: loadConfiguration(readEnvironment()),
  pipeline: { path, skipValidation: false, gpuNum: 1, options: {} },
});
const idleMemory = server.app.get(IdleMemory, { strict: false });
await server.pipelineStarted;
process.on('message', () => process.send?.(holdings()));
process.on('disconnect', () => process.exit(0));
process.send?.({ url: server.url });
