import type { ReactElement } from 'react';
import { useStore } from '../session/store.ts';
import type { ServiceView } from '../server/service-watch.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { useCopy } from '../ui/copy-text.ts';
import { Icon, Logo } from '../ui/Icon.tsx';
import { useToast } from '../ui/toast.tsx';
import { useStudio } from './studio.ts';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import { settingsFragment } from './use-page-settings.ts';
import { MAX_PLACES } from './workspace.ts';

const MODES = { server_push: 'Server push', bidirectional: 'Bidirectional' } as const;

export function Header(): ReactElement {
  const studio = useStudio();
  const toast = useToast();
  const copy = useCopy();
  const view = useStore(studio.service.view);
  const { places } = useStore(studio.workspace.view);
  const { pipeline } = view;
  const copyLink = (): void => {
    const fragment = settingsFragment(studio);
    if (fragment === undefined) {
      toast('These settings are too long for a link.');
      return;
    }
    const link = fragment === '' ? studio.baseUrl.href : `${studio.baseUrl.href}#${fragment}`;
    const hasImage = places.some(({ image }) => image.get() !== undefined);
    copy(link, hasImage ? 'Link copied. The initial image is not in it.' : 'Link to these settings copied.');
  };
  return (
    <header className="header">
      <h1 className="header__brand">
        <Logo />
        <span>TeleFuser Studio</span>
      </h1>
      <div className="header__pipeline">
        {pipeline && <strong title={pipeline.metadata.pipeline_file}>{pipeline.name}</strong>}
        {pipeline && <span className="pill header__mode">{MODES[pipeline.mode]}</span>}
      </div>
      <div className="header__tools">
        <ServerPill view={view} />
        <span className="header__add">
          <Button
            icon="plus"
            kind="quiet"
            onClick={() => studio.workspace.add()}
            disabled={places.length >= MAX_PLACES || !pipeline}
          >
            <span>Add session</span>
          </Button>
        </span>
        <IconButton icon="link" label="Copy link to these settings" onClick={copyLink} />
        <ThemeSwitch />
        <a
          className="button button--icon button--quiet header__docs"
          href="docs"
          aria-label="API documentation"
          title="API documentation"
        >
          <Icon name="book" />
        </a>
      </div>
    </header>
  );
}

/** How the server is, in two words. */
function ServerPill({ view }: { readonly view: ServiceView }): ReactElement {
  const { tone, text, short } = pillOf(view);
  return (
    <span className="pill" data-tone={tone} role="status" aria-label={`Server: ${text}`}>
      <span className="pill__dot" />
      <span className="numeric header__server" data-short={short ?? text}>
        {text}
      </span>
    </span>
  );
}

function pillOf({ state, activeSessions, maxSessions }: ServiceView): { tone: string; text: string; short?: string } {
  switch (state.name) {
    case 'asking':
      return { tone: 'idle', text: 'Asking…' };
    case 'unreachable':
      return { tone: 'bad', text: 'Not reachable' };
    case 'unauthenticated':
      return { tone: 'warn', text: 'Key needed' };
    case 'starting':
      return { tone: 'warn', text: 'Starting' };
    case 'failed':
      return { tone: 'bad', text: 'Pipeline failed' };
    case 'draining':
      return { tone: 'warn', text: 'Ending' };
    case 'ready':
      return {
        tone: activeSessions >= maxSessions ? 'warn' : 'good',
        text: `${activeSessions} of ${maxSessions} sessions`,
        short: `${activeSessions}/${maxSessions}`,
      };
    default:
      return state satisfies never;
  }
}
