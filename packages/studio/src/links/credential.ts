/** Where the credential is kept: as long as the tab, and for nobody else. */
const KEY = 'telefuser.credential';

/**
 * Takes a stream token out of an address such as `…/#token=tfs_…`, and the address without it. What is behind the `#` is sent to no server, but would
 * stay in the history and in copied links.
 */
export function takeToken(fragment: string): { readonly token: string | undefined; readonly fragment: string } {
  const parameters = new URLSearchParams(fragment.replace(/^#/u, ''));
  const token = parameters.get('token') ?? undefined;
  parameters.delete('token');
  return { token: token === '' ? undefined : token, fragment: parameters.toString() };
}

export function readCredential(storage: Pick<Storage, 'getItem'>): string | undefined {
  return storage.getItem(KEY) ?? undefined;
}

export function keepCredential(storage: Pick<Storage, 'setItem' | 'removeItem'>, credential: string | undefined): void {
  if (credential === undefined) storage.removeItem(KEY);
  else storage.setItem(KEY, credential);
}
