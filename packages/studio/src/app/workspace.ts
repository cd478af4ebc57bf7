import type { ServerOptions } from '@telefuser/stream-client';
import { MediaInput } from '../devices/media-inputs.ts';
import type { InitialImage } from '../request/initial-image.ts';
import { takes, type Pipeline } from '../server/service.ts';
import { offerFields, parametersOf } from '../session/offer.ts';
import type { Settings } from '../session/settings.ts';
import { Store } from '../session/store.ts';
import { StudioSession } from '../session/studio-session.ts';

/** A browser draws no more at once. */
export const MAX_PLACES = 16;

/** One session of the studio, with its settings and its devices. */
export interface Place {
  readonly id: number;
  readonly session: StudioSession;
  readonly settings: Store<Settings>;
  readonly image: Store<InitialImage | undefined>;
  readonly camera: MediaInput;
  readonly microphone: MediaInput;
}

export interface WorkspaceView {
  readonly places: readonly Place[];
  /** The place that the settings, the controls and the inspector are for. */
  readonly selected: Place;
}

/** All sessions side by side. There is always one. */
export class Workspace {
  readonly view: Store<WorkspaceView>;
  readonly #changed: () => void;
  #lastId = 0;

  /** @param changed called when a setting, or the number of sessions, has changed */
  constructor(settings: readonly Settings[], changed: () => void) {
    this.#changed = changed;
    const places = settings.slice(0, MAX_PLACES).map((each) => this.#place(each));
    const [selected] = places;
    if (selected === undefined) throw new Error('a workspace has one session at least');
    this.view = new Store<WorkspaceView>({ places, selected });
  }

  select(selected: Place): void {
    const before = this.view.get().selected;
    if (before === selected) return;
    before.session.releaseAll();
    this.view.update((view) => ({ ...view, selected }));
  }

  /** Another session with the settings of the selected one, to change one of them. */
  add(): void {
    const { places, selected } = this.view.get();
    if (places.length >= MAX_PLACES) return;
    const place = this.#place({ ...selected.settings.get(), camera: false, microphone: false });
    place.image.set(selected.image.get());
    this.view.set({ places: [...places, place], selected: place });
    this.#changed();
  }

  remove(place: Place): void {
    const { places, selected } = this.view.get();
    if (places.length === 1) return;
    place.session.stop();
    place.camera.close();
    place.microphone.close();
    const left = places.filter((other) => other !== place);
    const next = left[Math.max(0, places.indexOf(place) - 1)] ?? selected;
    this.view.set({ places: left, selected: place === selected ? next : selected });
    this.#changed();
  }

  stopAll(): void {
    for (const { session } of this.view.get().places) session.stop();
  }

  #place(settings: Settings): Place {
    this.#lastId += 1;
    const place: Place = {
      id: this.#lastId,
      session: new StudioSession(),
      settings: new Store(settings),
      image: new Store<InitialImage | undefined>(undefined),
      camera: new MediaInput('camera'),
      microphone: new MediaInput('microphone'),
    };
    place.settings.subscribe(this.#changed);
    return place;
  }
}

/** Starts the place's session with its settings. */
export function startPlace(
  { session, settings, image, camera, microphone }: Place,
  server: ServerOptions,
  pipeline: Pipeline,
): void {
  void session.start(server, async () => {
    const { relayOnly, iceServers } = settings.get();
    const inputs = await Promise.all(
      [camera, microphone].map(async (input) => {
        if (!takes(pipeline, input.kind)) return undefined;
        // So that one can be switched on while the session runs.
        if (!settings.get()[input.kind]) return 'later';
        if (input.view.get().track === undefined) await input.open();
        const { track, error } = input.view.get();
        if (track === undefined) throw error ?? new Error(`The ${input.kind} was switched off.`);
        return track;
      }),
    );
    const [cameraSource, microphoneSource] = inputs;
    return {
      ...parametersOf(offerFields(settings.get(), pipeline, image.get()?.dataUrl)),
      ...(cameraSource !== undefined && { camera: cameraSource }),
      ...(microphoneSource !== undefined && { microphone: microphoneSource }),
      ...(relayOnly && { relayOnly: true }),
      ...(!iceServers && { iceServers: [] }),
    };
  });
}
