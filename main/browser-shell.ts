/** The app in the user's own browser: its handler and the renderer's files on 127.0.0.1, behind a token of this launch. */

import { createApp } from '../app/app.ts';
import { type LoopbackServer, serveApp } from './loopback-server.ts';
import { browserHost } from './node-host.ts';
import { openBrowser } from './open-browser.ts';
import { rendererFolder } from './program-files.ts';

export interface BrowserShellOptions {
  /** 0: the system picks a free one. */
  readonly port?: number;
  /** Opens the default browser. */
  readonly open?: boolean;
  /** A project folder that is open when the page comes. */
  readonly projectFolder?: string | null;
}

/**
 * Serves the real app to a browser on this machine.
 * @throws EosinError `shell/port` when the port is taken
 */
export async function serveBrowserShell(options: BrowserShellOptions = {}): Promise<LoopbackServer> {
  const host = browserHost();
  const app = createApp(host);
  const start = async (): Promise<LoopbackServer> => {
    if (options.projectFolder) await app.services.workspace.open(options.projectFolder);
    return serveApp(app, rendererFolder(), options.port ?? 0);
  };
  const shell = await start().catch(async (thrown: unknown) => {
    await app.close();
    throw thrown;
  });
  const forget = options.open ? await openBrowser(shell.address, host.dataFolder) : async () => {};
  return {
    ...shell,
    async close() {
      await forget();
      await shell.close();
    },
  };
}
