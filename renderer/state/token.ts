/** The browser shell's token: taken from the address once, kept for this tab alone, sent with every request. */

const storageKey = 'eosin-token';
let token: string | null = null;

/**
 * Reads `#token=...&project=HANDLE` and removes it from the address at once; a reload finds the token in the tab's own
 * storage. Electron has no token. Gives back the handle of the project to open, if there is one.
 */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  const fresh = given.get('token');
  if (fresh) sessionStorage.setItem(storageKey, fresh);
  token = fresh ?? sessionStorage.getItem(storageKey);
  return given.get('project');
}

export function authHeaders(): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}
