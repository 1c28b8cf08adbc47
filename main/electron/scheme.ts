/** The app's own scheme, app://app/: what it may do, and who is answered on it (E3). */

import { protocol } from 'electron';
import { plain } from '../static.ts';

export const siteOrigin = 'app://app';

/** Before the app is ready. Without corsEnabled, no other origin reads it; nothing here bypasses the CSP. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ]);
}

/** Once the app is ready. */
export function handleScheme(site: (request: Request) => Promise<Response>): void {
  protocol.handle('app', async (request) => refuseForeign(request) ?? (await site(request)));
}

/** A host other than `app`, or a page that is not ours (a sandboxed frame's origin is `null`). */
function refuseForeign(request: Request): Response | null {
  if (new URL(request.url).host !== 'app') return plain(404, 'Not found.');
  if (request.method === 'OPTIONS') return plain(403, 'Refused.');
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== siteOrigin) return plain(403, 'Refused.');
  return null;
}
