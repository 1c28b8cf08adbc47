/** Entry of the installed app: a window on app://app/, or with `--cli` the command line without one. */

import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { app, type BrowserWindow, shell } from 'electron';
import { createApp } from '../app/app.ts';
import type { Host } from '../app/host.ts';
import { electronDialogs } from './electron/dialogs.ts';
import { lockDefaultSession, lockProcess } from './electron/lockdown.ts';
import { installMenu } from './electron/menu.ts';
import { handleScheme, registerScheme } from './electron/scheme.ts';
import { startUtilityProcess } from './electron/start-utility-process.ts';
import { stayingAwake } from './electron/stay-awake.ts';
import { openTrainerWindow } from './electron/trainer-window.ts';
import { openWindow } from './electron/window.ts';
import { hostFolders, userName } from './node-host.ts';
import { preloadFile, rendererFolder, resourcesFolder } from './program-files.ts';
import { createSite } from './static.ts';

const cliFlag = process.argv.indexOf('--cli');

// Electron is ready only once this module has been evaluated: nothing here may wait for it at the top level.
if (cliFlag >= 0) {
  app.dock?.hide();
  void app.whenReady().then(async () => {
    const { runCli } = await import('./cli.ts');
    app.exit(await runCli(process.argv.slice(cliFlag + 1), () => ({ ...electronHost(), kind: 'cli', dialogs: null })));
  });
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  registerScheme();
  lockProcess();
  void app.whenReady().then(run);
}

/** Everything after 'ready'. Closing the window quits, on every system: there is nothing to do without one. */
async function run(): Promise<void> {
  const preloadSecret = randomBytes(32).toString('base64url');
  const eosin = createApp({ ...electronHost(), openTrainerWindow, preloadSecret });
  lockDefaultSession();
  const project = process.argv.find((word) => word.startsWith('--project='))?.slice('--project='.length);
  // A project that cannot be opened must not keep the window away: the first screen says what can be done.
  if (project) await eosin.services.workspace.open(path.resolve(project)).catch(() => undefined);
  handleScheme(createSite(rendererFolder(), eosin));
  installMenu();
  let window: BrowserWindow | null = null;
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  let closed = false;
  let closing = false;
  app.on('before-quit', (event) => {
    if (closed) return;
    // Quitting waits for the app: running jobs write their checkpoints, the project file is closed.
    event.preventDefault();
    if (closing) return;
    closing = true;
    void eosin.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
  window = await openWindow({
    preload: preloadFile(),
    preloadSecret,
    icon: path.join(resourcesFolder(), 'icons', 'icon.png'),
    path: '/',
  });
  // A hidden window that trains must not keep the app alive.
  window.once('closed', () => app.quit());
}

function electronHost(): Host {
  return {
    kind: 'electron',
    startProcess: stayingAwake(startUtilityProcess),
    dialogs: electronDialogs,
    ...hostFolders(),
    documentsFolder: app.getPath('documents'),
    resourcesFolder: resourcesFolder(),
    appVersion: app.getVersion(),
    user: userName(),
    machine: os.hostname(),
    reveal: (file) => shell.showItemInFolder(file),
  };
}
