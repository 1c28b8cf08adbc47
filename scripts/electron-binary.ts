/** Finds the Electron binary. npm brings the package without it; where it is missing nothing is fetched behind one's back. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.ts';

/** The absolute path of the binary of this checkout's Electron, or null. */
export function electronBinary(): string | null {
  const folder = path.join(root, 'node_modules', 'electron');
  const pathFile = path.join(folder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const binary = path.join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(binary) ? binary : null;
}
