import { settlesWithin } from '../contract/deadline.js';
import { errorMessage } from '../contract/error-message.js';
import type { PipelineMessage } from '../contract/pipeline.js';
import { decodeMediaInput } from '../protocol/media-codec.js';
import type { RawMessage } from '../protocol/message-decoder.js';
import { parseServerMessage, type ParsedServerMessage } from '../protocol/message-parsers.js';
import type { SendMessage } from './chunk-pump.js';
import { HostRun, type OpenSessions } from './host-run.js';
import type { LoadedService } from './service-loader.js';
import { forRun } from './run-console.js';

/** Carries out the server's messages on a started service. Owns the runs. */
export class ServiceHost {
  readonly #runs = new Map<number, HostRun>();
  readonly #openSessions: OpenSessions = new Set();

  constructor(
    private readonly loaded: LoadedService,
    private readonly send: SendMessage,
    private readonly onStop: (timeoutMs: number) => void,
  ) {}

  /** @throws ProtocolError */
  handle(raw: RawMessage): void {
    const message = parseServerMessage(raw);
    if (message === undefined) return;
    if (message.type === 'ping') void this.send({ type: 'pong', id: message.id });
    else if (message.type === 'stop') this.onStop(message.timeoutMs);
    else if (message.type === 'open') void forRun(message.run, () => this.#open(message));
    else if (message.type !== 'start') forRun(message.run, () => this.#handleRunMessage(message, raw));
  }

  /** Ends every run and the service. Bounded by the timeout. */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    const runs = [...this.#runs.values()];
    await settlesWithin(Promise.all(runs.map((run) => run.close(timeoutMs / 2))), timeoutMs / 2);
    const { service } = this.loaded;
    const stopped = (async () => service.stop?.())().catch((error: unknown) =>
      this.#warn(`stop() threw: ${errorMessage(error)}`),
    );
    if (!(await settlesWithin(stopped, endsAt - performance.now()))) this.#warn('stop() did not finish in time');
  }

  async #open(message: Extract<ParsedServerMessage, { type: 'open' }>): Promise<void> {
    if (this.#runs.has(message.run)) return;
    const run = new HostRun(message.run, this.loaded, this.#openSessions, this.send);
    this.#runs.set(message.run, run);
    if (!(await run.open(message.session, message.request))) this.#runs.delete(message.run);
  }

  #handleRunMessage(message: Exclude<ParsedServerMessage, { type: 'start' | 'ping' | 'open' | 'stop' }>, raw: RawMessage): void {
    // The server may speak of a run that is just gone: its message crossed ours on the way. It waits for the answer to a close all the same.
    const run = this.#runs.get(message.run);
    if (run === undefined) {
      if (message.type === 'close') void this.send({ type: 'closed', run: message.run });
      return;
    }
    switch (message.type) {
      case 'pull':
        return run.addCredit(message.credit);
      case 'push':
        return run.push(
          (message.binary === true ? (raw.parts[0] ?? new Uint8Array()) : message.message) as PipelineMessage,
          message.control,
        );
      case 'media':
        return run.pushMedia(decodeMediaInput(raw));
      case 'close':
        void run.close(message.timeoutMs).finally(() => this.#runs.delete(message.run));
    }
  }

  #warn(text: string): void {
    void this.send({ type: 'log', level: 'warn', text });
  }
}
