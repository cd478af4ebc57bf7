import type { ReactElement } from 'react';
import { useStudio } from '../app/studio.ts';
import type { Place } from '../app/workspace.ts';
import { exportSession } from '../session/export-session.ts';
import { useStore } from '../session/store.ts';
import { Button } from '../ui/Button.tsx';
import { fileName, saveFile } from '../ui/save-file.ts';
import { FrameFates } from './FrameFates.tsx';
import { LineChart } from './LineChart.tsx';
import { NetworkFacts } from './NetworkFacts.tsx';
import { chartsOf } from './series.ts';
import { StageLatencies } from './StageLatencies.tsx';

/** How the session fares, live; and all of it as a file. */
export function StatsPanel({ place }: { readonly place: Place }): ReactElement {
  const studio = useStudio();
  const samples = useStore(place.session.history.samples);
  const last = samples.at(-1);
  const save = (): void => {
    const text = exportSession(place.session, place.settings.get(), studio.service.view.get());
    saveFile(fileName('session', 'json', new Date()), new Blob([text], { type: 'application/json' }));
  };
  return (
    <div className="stats">
      <div className="stats__tools">
        <p className="muted numeric">
          {samples.length === 0
            ? 'Press play to see figures.'
            : `${samples.length} ${samples.length === 1 ? 'sample' : 'samples'}`}
        </p>
        <Button icon="download" onClick={save} disabled={samples.length === 0}>
          Export JSON
        </Button>
      </div>
      {chartsOf(samples).map((chart) => (
        <LineChart key={chart.title} chart={chart} />
      ))}
      <StageLatencies server={last?.server} />
      <FrameFates server={last?.server} />
      <NetworkFacts stats={last} />
    </div>
  );
}
