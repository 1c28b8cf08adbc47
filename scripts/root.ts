/** The folder of the checkout, and how its tools are called. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The file behind a package's command, so that it runs under this Node and not under the system's. */
export function toolFile(packageName: string, command: string = packageName): string {
  const folder = path.join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const relative = typeof bin === 'string' ? bin : bin[command];
  if (relative === undefined) throw new Error(`${packageName} has no command ${command}.`);
  return path.join(folder, relative);
}

/** Runs a JavaScript tool in the checkout, its output shown. @returns its exit code; 1 when it was killed. */
export function runTool(file: string, words: readonly string[]): number {
  const { status } = spawnSync(process.execPath, [file, ...words], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

/** better-sqlite3 crashes the whole process on an older Node, so this is said first. */
export function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  console.error(`Eosin needs Node 22.18 or newer; this is ${process.version}. Start it with npm run, or update Node.`);
  process.exit(78);
}
