/**
 * Builds what cannot run as it stands: the wasm gradient kernels and the renderer. `--emit` also compiles app/ and main/
 * to dist/, for Electron and for packages. A step whose inputs did not change is skipped.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { build as viteBuild } from 'vite';
import { buildKernels } from './build-kernels.ts';
import { requireNode, root, runTool, toolFile } from './root.ts';
import { runWhenStale } from './stamp.ts';

/** @returns the names of the steps that ran */
export async function build(options: { emit: boolean }): Promise<string[]> {
  const ran: string[] = [];
  if (await buildKernels()) ran.push('kernels');
  const renderer = await runWhenStale({
    name: 'renderer',
    inputs: ['renderer/**', 'app/{core,engine,networks,training,evaluation,patches}/**', 'package-lock.json'],
    output: 'dist/renderer/index.html',
    run: buildRenderer,
  });
  if (renderer) ran.push('renderer');
  if (options.emit && (await emit())) ran.push('emit');
  return ran;
}

async function buildRenderer(): Promise<void> {
  await viteBuild({
    configFile: path.join(root, 'renderer/vite.config.ts'),
    root: path.join(root, 'renderer'),
    logLevel: 'warn',
  });
}

function emit(): Promise<boolean> {
  return runWhenStale({
    name: 'emit',
    inputs: [
      'app/**/*.ts',
      'main/**/*.{ts,cts}',
      '{app,main,.}/tsconfig*.json',
      'app/core/tsconfig.json',
      'package-lock.json',
    ],
    output: 'dist/main/electron.js',
    run() {
      const code = runTool(toolFile('typescript', 'tsc'), ['-b', 'main']);
      if (code !== 0 || !existsSync(path.join(root, 'dist/main/electron.js'))) {
        throw new Error('The program does not compile; see above.');
      }
    },
  });
}

if (process.argv[1] === import.meta.filename) {
  requireNode();
  try {
    const ran = await build({ emit: process.argv.includes('--emit') });
    console.log(ran.length > 0 ? `Built: ${ran.join(', ')}.` : 'Everything is up to date.');
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
