import type { ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import { formatBitrate } from '../charts/format.ts';

/** The figures that matter at a glance. Always there, so that nothing moves when they come. */
export function Figures({ place }: { readonly place: Place }): ReactElement {
  const { latencyMs } = useStore(place.session.view);
  const samples = useStore(place.session.history.samples);
  const stats = samples.at(-1);
  const video = stats?.video;
  // A rate is of two samples.
  const rates = samples.length > 1 ? video : undefined;
  const bitrate = rates && formatBitrate(rates.bitrate);
  const figures: readonly (readonly [name: string, value: string | undefined, unit?: string | undefined])[] = [
    ['Frame rate', rates && rates.fps.toFixed(1).replace(/\.0$/u, '')],
    ['Size', video && video.width > 0 ? `${video.width} × ${video.height}` : undefined],
    ['Bitrate', bitrate?.value, bitrate?.unit],
    ['Round trip', stats?.roundTripMs === undefined ? undefined : stats.roundTripMs.toFixed(0), 'ms'],
    ['Key to picture', latencyMs === undefined ? undefined : latencyMs.toFixed(0), 'ms'],
  ];
  return (
    <dl className="figures" aria-label="Figures of the session">
      {figures.map(([name, value, unit]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="numeric" data-figure={name}>
            {value ?? '–'}
            {value !== undefined && unit !== undefined && <small> {unit}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
