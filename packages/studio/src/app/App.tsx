import { useEffect, type ReactElement } from 'react';
import { ControlsPanel } from '../controls/ControlsPanel.tsx';
import { Inspector } from '../inspector/Inspector.tsx';
import { Figures } from '../player/Figures.tsx';
import { StageGrid } from '../player/StageGrid.tsx';
import { RequestPanel } from '../request/RequestPanel.tsx';
import { useStore } from '../session/store.ts';
import { ToastProvider } from '../ui/toast.tsx';
import { Header } from './Header.tsx';
import { StudioContext, type Studio } from './studio.ts';
import { usePageSettings } from './use-page-settings.ts';

/** The whole page. */
export function App({ studio }: { readonly studio: Studio }): ReactElement {
  const { pipeline, state } = useStore(studio.service.view);
  const { selected } = useStore(studio.workspace.view);
  usePageSettings(studio);
  useEffect(() => {
    studio.service.start();
    return () => studio.service.stop();
  }, [studio]);
  return (
    <StudioContext value={studio}>
      <ToastProvider>
        <div className="app">
          <Header />
          <main className="workbench" aria-busy={state.name === 'asking'}>
            <div className="stage-column">
              <StageGrid />
              <Figures key={selected.id} place={selected} />
              {pipeline?.mode === 'bidirectional' && (
                <ControlsPanel key={`controls-${selected.id}`} place={selected} pipeline={pipeline} />
              )}
            </div>
            <RequestPanel key={`request-${selected.id}`} place={selected} />
            <Inspector key={`inspector-${selected.id}`} place={selected} />
          </main>
        </div>
      </ToastProvider>
    </StudioContext>
  );
}
