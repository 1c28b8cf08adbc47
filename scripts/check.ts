/** `npm run check`: types of every world, the renderer's components, style, unused code and licences; all of them, then the verdict. */

import { build } from './build.ts';
import { requireNode, root, runTool, toolFile } from './root.ts';

requireNode();
// A check that passes promises that the program builds.
await build({ emit: false });

const steps: readonly (readonly [string, string, readonly string[]])[] = [
  // Before the renderer: its client reads the routes' types from what this writes to dist/.
  ['types', toolFile('typescript', 'tsc'), ['-b']],
  [
    'renderer',
    toolFile('svelte-check'),
    ['--workspace', 'renderer', '--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  ],
  ['style', toolFile('@biomejs/biome', 'biome'), ['ci', '--error-on-warnings', '--max-diagnostics', '50', '.']],
  ['unused code', toolFile('knip'), ['--no-progress']],
  ['licences', `${root}scripts/licences.ts`, ['--check']],
];

const failed: string[] = [];
for (const [name, file, words] of steps) {
  const start = performance.now();
  const code = runTool(file, words);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (code !== 0) failed.push(name);
}
console.log(failed.length === 0 ? 'Everything is clean.' : `Not clean: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
