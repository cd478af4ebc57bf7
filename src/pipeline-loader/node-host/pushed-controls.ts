import { MAX_WAITING_CONTROLS } from '../contract/control-id.js';
import type { AppliedControlHeader } from '../protocol/messages.js';

/**
 * The controls of one session that `pushChunk` has taken and no chunk has named. By itself it lets the first chunk name them whose making
 * began afterwards, which is never too early; a pipeline that names them itself is believed, and from its first word on it alone names them.
 */
export class PushedControls {
  /** Pushed before the generator was advanced the last time: what it yields now may reflect them. */
  readonly #ripe = new Map<string, number>();
  readonly #fresh = new Map<string, number>();
  #namedByPipeline = false;

  /** `pushChunk` returned for this control. */
  pushed(id: string, atMs: number): void {
    if (this.#ripe.has(id) || this.#fresh.has(id)) return;
    if (this.#ripe.size + this.#fresh.size >= MAX_WAITING_CONTROLS) forgetFirst(this.#ripe.size > 0 ? this.#ripe : this.#fresh);
    this.#fresh.set(id, atMs);
  }

  /** The generator is advanced now. */
  advancing(): void {
    for (const [id, atMs] of this.#fresh) this.#ripe.set(id, atMs);
    this.#fresh.clear();
  }

  /**
   * The controls that the chunk just yielded names.
   * @param named what the pipeline says itself; undefined: nothing.
   */
  take(named: readonly string[] | undefined): readonly AppliedControlHeader[] {
    if (named !== undefined) {
      this.#namedByPipeline = true;
      return named.map((id) => {
        const pushedAtMs = this.#ripe.get(id) ?? this.#fresh.get(id);
        this.#ripe.delete(id);
        this.#fresh.delete(id);
        return pushedAtMs === undefined ? { id } : { id, pushedAtMs };
      });
    }
    if (this.#namedByPipeline) return [];
    const applied = Array.from(this.#ripe, ([id, pushedAtMs]) => ({ id, pushedAtMs }));
    this.#ripe.clear();
    return applied;
  }
}

function forgetFirst(controls: Map<string, number>): void {
  const first = controls.keys().next();
  if (first.done === false) controls.delete(first.value);
}
