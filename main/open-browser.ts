/** Opens the default browser on an address that no process list shows: through a file that only this user can read. */

import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @param folder where the file lies for a moment; below the user's home, where browsers in a sandbox can read it
 * @returns removes the file; call it when the shell closes
 */
export async function openBrowser(address: string, folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `open-${process.pid}.html`);
  await rm(file, { force: true });
  await writeFile(file, redirectPage(address), { mode: 0o600, flag: 'wx' });
  const [command, ...words] = openCommand(pathToFileURL(file).href);
  const opener = spawn(command, words, { stdio: 'ignore', detached: true });
  // Where no browser can be opened (a server without a screen) the printed address is the way.
  opener.on('error', () => {});
  opener.unref();
  const forget = (): Promise<void> => rm(file, { force: true });
  setTimeout(() => void forget(), 30_000).unref();
  return forget;
}

/** A page that goes on to the address without a script. */
export function redirectPage(address: string): string {
  const escaped = address.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0;url=${escaped}">`,
    '<title>Eosin</title>',
    `<a href="${escaped}">Open Eosin</a>`,
    '',
  ].join('\n');
}

function openCommand(target: string): [string, ...string[]] {
  if (process.platform === 'darwin') return ['open', target];
  if (process.platform === 'win32') return ['cmd.exe', '/c', 'start', '""', target];
  return ['xdg-open', target];
}
