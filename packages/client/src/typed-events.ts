type Listener = (event: never) => void;

/** Listeners by the name of their event. What a listener throws is reported as an uncaught error of the page, and keeps nobody else from hearing. */
export class TypedEvents<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();
  readonly #changed: (name: keyof Events) => void;

  /** @param changed told of each listener that came or went. */
  constructor(changed: (name: keyof Events) => void = () => undefined) {
    this.#changed = changed;
  }

  on<Name extends keyof Events>(
    name: Name,
    listener: (event: Events[Name]) => void,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): () => void {
    if (signal?.aborted === true) return () => undefined;
    // The same function may be registered twice: each registration is one of its own.
    const own: Listener = (event) => listener(event);
    const stop = (): void => {
      signal?.removeEventListener('abort', stop);
      if (this.#listeners.get(name)?.delete(own) === true) this.#changed(name);
    };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    signal?.addEventListener('abort', stop);
    this.#changed(name);
    return stop;
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(event as never);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
