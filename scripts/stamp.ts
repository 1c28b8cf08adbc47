/** Lets a build step run only when what it reads has changed: the digest of its inputs is kept under dist/stamps. */

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.ts';

export interface BuildStep {
  readonly name: string;
  /** Glob patterns, from the root of the checkout, of everything that the step reads. */
  readonly inputs: readonly string[];
  /** What must be there afterwards. */
  readonly output: string;
  run(): Promise<void> | void;
}

/** @returns true when the step ran. A step that fails leaves no stamp. */
export async function runWhenStale(step: BuildStep): Promise<boolean> {
  const stamp = path.join(root, 'dist', 'stamps', step.name);
  const digest = inputDigest(step.inputs);
  const fresh = existsSync(stamp) && existsSync(path.join(root, step.output)) && readFileSync(stamp, 'utf8') === digest;
  if (fresh) return false;
  await step.run();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  return true;
}

function inputDigest(patterns: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of globSync([...patterns], { cwd: root }).sort()) {
    const absolute = path.join(root, file);
    if (statSync(absolute).isFile()) hash.update(`${file}\0`).update(readFileSync(absolute)).update('\0');
  }
  return hash.digest('hex');
}
