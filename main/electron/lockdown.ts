/** What no page of the app may do: leave, open windows, ask for permissions, or reach any network (E8, E9). */

import { type App, app, type Session, session, type WebContents } from 'electron';
import { siteOrigin } from './scheme.ts';

/** Before the app is ready. */
export function lockProcess(): void {
  app.enableSandbox();
  // Chromium's own errands: variations, component updates, domain reliability.
  app.commandLine.appendSwitch('disable-background-networking');
  app.commandLine.appendSwitch('disable-component-update');
  app.commandLine.appendSwitch('disable-domain-reliability');
  app.commandLine.appendSwitch('disable-features', 'MediaRouter,OptimizationHints,AutofillServerCommunication');
  app.on('web-contents-created', (_event, contents) => lockContents(contents));
  app.on('session-created', lockSession);
  refuseCertificates(app);
}

/** Once the app is ready. */
export function lockDefaultSession(): void {
  lockSession(session.defaultSession);
}

/** True for the app's own pages and what they make in memory. */
export function isOwnUrl(url: string): boolean {
  return url === siteOrigin || url.startsWith(`${siteOrigin}/`) || url.startsWith(`blob:${siteOrigin}/`);
}

const inspectorUrl = (url: string): boolean => url.startsWith('devtools://');
const lockedSessions = new WeakSet<Session>();

function lockSession(target: Session): void {
  if (lockedSessions.has(target)) return;
  lockedSessions.add(target);
  target.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !isOwnUrl(details.url) && !inspectorUrl(details.url) });
  });
  // Two things are ours to give: copying text or a picture, and the whole screen.
  const granted = new Set(['clipboard-sanitized-write', 'fullscreen']);
  target.setPermissionRequestHandler((contents, permission, answer) => {
    answer(granted.has(permission) && isOwnUrl(contents?.getURL() ?? ''));
  });
  target.setPermissionCheckHandler((_contents, permission, origin) => {
    return granted.has(permission) && (origin === siteOrigin || origin === `${siteOrigin}/`);
  });
  target.setDevicePermissionHandler(() => false);
  target.setDisplayMediaRequestHandler(null);
  target.setSpellCheckerEnabled(false);
  target.on('will-download', (event, _item, contents) => {
    if (!isOwnUrl(contents?.getURL() ?? '')) event.preventDefault();
  });
}

function lockContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => {
    if (!isOwnUrl(event.url)) event.preventDefault();
  });
  contents.on('will-frame-navigate', (event) => {
    if (!isOwnUrl(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isOwnUrl(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

function refuseCertificates(target: App): void {
  target.on('certificate-error', (event, _contents, _url, _error, _certificate, answer) => {
    event.preventDefault();
    answer(false);
  });
  target.on('select-client-certificate', (event) => event.preventDefault());
}
