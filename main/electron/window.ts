/** The user's window. The rights of every window are one literal object, so that a reader sees all of them (E2). */

import { BrowserWindow } from 'electron';
import { siteOrigin } from './scheme.ts';

export interface WindowOptions {
  readonly preload: string;
  /** Read by the preload script alone. */
  readonly preloadSecret: string;
  readonly icon: string;
  /** A path and fragment of the app's own site, such as `/#project=HANDLE`. */
  readonly path: string;
}

/** What no page of ours may do. */
export const pageRights = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webviewTag: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  spellcheck: false,
} as const;

export async function openWindow(options: WindowOptions): Promise<BrowserWindow> {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    backgroundColor: '#1b1a20',
    title: 'Eosin',
    icon: options.icon,
    webPreferences: {
      preload: options.preload,
      additionalArguments: [`--eosin-preload=${options.preloadSecret}`],
      ...pageRights,
    },
  });
  window.once('ready-to-show', () => window.show());
  await window.loadURL(`${siteOrigin}${options.path}`);
  return window;
}
