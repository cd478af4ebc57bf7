/** How long an incomplete picture is waited for before a new keyframe is asked for. */
const GIVE_UP_MS = 1000;

interface Picture {
  readonly keyframe: boolean;
  readonly packets: number;
  readonly arrived: Set<number>;
  firstArrivalAtMs: number;
}

/** The viewer: pictures are shown when they are complete and all before them were; what stays incomplete is skipped at a keyframe. */
export class Player {
  readonly shownAtMs: number[] = [];
  readonly #pictures = new Map<number, Picture>();
  #next = 0;
  #keyframeAskedAtMs = -Infinity;

  readonly #askKeyframe: () => void;

  constructor(askKeyframe: () => void) {
    this.#askKeyframe = askKeyframe;
  }

  arrived(picture: { index: number; packet: number; packets: number; keyframe: boolean }, nowMs: number): void {
    if (picture.index < this.#next) return;
    let known = this.#pictures.get(picture.index);
    if (known === undefined) {
      known = { keyframe: picture.keyframe, packets: picture.packets, arrived: new Set(), firstArrivalAtMs: nowMs };
      this.#pictures.set(picture.index, known);
    }
    known.arrived.add(picture.packet);
    this.#show(nowMs);
  }

  #show(nowMs: number): void {
    for (;;) {
      const picture = this.#pictures.get(this.#next);
      if (picture !== undefined && picture.arrived.size === picture.packets) {
        this.shownAtMs.push(nowMs);
        this.#pictures.delete(this.#next);
        this.#next += 1;
        continue;
      }
      if (!this.#skipToKeyframe(nowMs)) return;
    }
  }

  #skipToKeyframe(nowMs: number): boolean {
    for (const [index, picture] of [...this.#pictures].toSorted(([a], [b]) => a - b)) {
      if (index > this.#next && picture.keyframe && picture.arrived.size === picture.packets) {
        for (const old of this.#pictures.keys()) if (old < index) this.#pictures.delete(old);
        this.#next = index;
        return true;
      }
    }
    const oldest = Math.min(...[...this.#pictures.values()].map((picture) => picture.firstArrivalAtMs));
    if (nowMs - oldest > GIVE_UP_MS && nowMs - this.#keyframeAskedAtMs > GIVE_UP_MS) {
      this.#keyframeAskedAtMs = nowMs;
      this.#askKeyframe();
    }
    return false;
  }
}
