/**
 * `npm start`: builds what is stale and opens the app, in Electron where its binary is there, otherwise in the default
 * browser. `--electron` and `--browser` choose; `--project DIR` opens a project; `--port N` and `--no-open` are for the
 * browser.
 */

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { build } from './build.ts';
import { electronBinary } from './electron-binary.ts';
import { requireNode, root } from './root.ts';

requireNode();
const { values } = parseArgs({
  options: {
    electron: { type: 'boolean', default: false },
    browser: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    open: { type: 'boolean', default: true },
    project: { type: 'string' },
  },
  allowNegative: true,
});

const binary = values.browser ? null : electronBinary();
if (values.electron && binary === null) {
  console.error('The Electron binary is not here. Fetch it once with: node node_modules/electron/install.js');
  process.exit(78);
}
await build({ emit: binary !== null });
if (binary === null) await startInBrowser(Number(values.port), values.open, values.project ?? null);
else startElectron(binary, values.project ?? null);

function startElectron(file: string, projectFolder: string | null): void {
  const child = spawn(file, projectFolder === null ? ['.'] : ['.', `--project=${projectFolder}`], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function startInBrowser(port: number, open: boolean, projectFolder: string | null): Promise<void> {
  const { serveBrowserShell } = await import('../main/browser-shell.ts');
  const shell = await serveBrowserShell({ port, open, projectFolder });
  console.log(`Eosin is open at ${shell.address}`);
  console.log('End it with Ctrl-C.');
  let ending = false;
  const end = (): void => {
    // The second Ctrl-C does not wait for what is being saved.
    if (ending) process.exit(130);
    ending = true;
    void shell.close().then(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}
