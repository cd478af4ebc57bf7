import { useState, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { StatsPanel } from '../charts/StatsPanel.tsx';
import { CodePanel } from '../code/CodePanel.tsx';
import { LogPanel } from '../log/LogPanel.tsx';
import { Tabs, type Tab } from '../ui/Tabs.tsx';

const TABS = [
  { name: 'stats', title: 'Statistics' },
  { name: 'log', title: 'Log' },
  { name: 'code', title: 'Connect from code' },
] as const satisfies readonly Tab<string>[];
type TabName = (typeof TABS)[number]['name'];

/** What lies behind the picture. */
export function Inspector({ place }: { readonly place: Place }): ReactElement {
  const [tab, setTab] = useState<TabName>('stats');
  return (
    <section className="panel inspector" aria-label="Inspector">
      <Tabs label="Inspector" tabs={TABS} selected={tab} onSelect={setTab}>
        {tab === 'stats' && <StatsPanel place={place} />}
        {tab === 'log' && <LogPanel place={place} />}
        {tab === 'code' && <CodePanel place={place} />}
      </Tabs>
    </section>
  );
}
