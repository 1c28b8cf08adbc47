/**
 * `npm run package`: compiles the program and makes the installers of this system under release/. Words after `--` go to
 * electron-builder, such as `--dir` for the unpacked app, or `-c.electronDist=FOLDER` for an Electron that lies there.
 */

import { build } from './build.ts';
import { requireNode, runTool, toolFile } from './root.ts';

requireNode();
await build({ emit: true });
const licences = runTool(new URL('licences.ts', import.meta.url).pathname, ['--check']);
if (licences !== 0) process.exit(licences);
process.exitCode = runTool(toolFile('electron-builder'), ['--publish', 'never', ...process.argv.slice(2)]);
