/** `npm run -s eosin -- COMMAND`: the command line in a checkout, with the gradient kernels built first if they are stale. */

import { buildKernels } from './build-kernels.ts';
import { requireNode } from './root.ts';

requireNode();
await buildKernels();
const { runCli } = await import('../main/cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
