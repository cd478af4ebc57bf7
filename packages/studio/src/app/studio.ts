import { createContext, useContext } from 'react';
import type { ServerOptions } from '@telefuser/stream-client';
import { keepCredential, readCredential, takeToken } from '../links/credential.ts';
import { fromFragment } from '../links/settings-link.ts';
import { ServiceWatch } from '../server/service-watch.ts';
import { startPlace, Workspace, type Place } from './workspace.ts';

/** What the components work on. */
export class Studio {
  readonly baseUrl: URL;
  readonly workspace: Workspace;
  readonly service: ServiceWatch;
  readonly #changes = new EventTarget();

  /** @param page where the studio was opened; the server is there as well */
  constructor(page: URL) {
    this.baseUrl = new URL('.', page);
    this.baseUrl.hash = '';
    this.baseUrl.search = '';
    const { token, fragment } = takeToken(page.hash);
    if (token !== undefined) keepCredential(sessionStorage, token);
    this.workspace = new Workspace(fromFragment(fragment), () => this.#changes.dispatchEvent(new Event('change')));
    this.service = new ServiceWatch(this.baseUrl, () => readCredential(sessionStorage));
  }

  get server(): ServerOptions {
    const credential = readCredential(sessionStorage);
    return { baseUrl: this.baseUrl, ...(credential !== undefined && { credential }) };
  }

  /** Whether a credential is sent; what it is, is nobody's business. */
  get hasCredential(): boolean {
    return readCredential(sessionStorage) !== undefined;
  }

  /** Keeps a credential for this tab, and tries it. */
  signIn(credential: string): void {
    keepCredential(sessionStorage, credential);
    this.service.askNow();
  }

  signOut(): void {
    keepCredential(sessionStorage, undefined);
    this.service.askNow();
  }

  start(place: Place): void {
    const { pipeline } = this.service.view.get();
    if (pipeline !== undefined) startPlace(place, this.server, pipeline);
  }

  /** Told when a setting of any session, or their number, has changed. */
  onChange(listener: () => void): () => void {
    this.#changes.addEventListener('change', listener);
    return () => this.#changes.removeEventListener('change', listener);
  }
}

export const StudioContext = createContext<Studio | undefined>(undefined);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (studio === undefined) throw new Error('there is no studio around this component');
  return studio;
}
