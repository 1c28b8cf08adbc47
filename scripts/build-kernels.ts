/**
 * Compiles the wasm gradient kernels (app/engine/kernels/assembly) into dist/engine: `gradients.wasm` for plain and
 * `gradients-shared.wasm` for shared memory. Does nothing when both are newer than their sources.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'app/engine/kernels/assembly';
const outputs = { plain: 'dist/engine/gradients.wasm', shared: 'dist/engine/gradients-shared.wasm' };

/** @returns true when something was compiled. @throws Error with the compiler's own words. */
export async function buildKernels(): Promise<boolean> {
  if (isUpToDate()) return false;
  mkdirSync(join(root, 'dist/engine'), { recursive: true });
  const common = ['--baseDir', root, '--optimize', '--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'];
  const features = ['simd', 'relaxed-simd', 'bulk-memory'].flatMap((feature) => ['--enable', feature]);
  const memory = ['--importMemory', '--maximumMemory', '65536', ...features];
  const entry = `${source}/index.ts`;
  await compile(outputs.plain, [entry, ...common, ...memory]);
  await compile(outputs.shared, [entry, ...common, ...memory, '--sharedMemory', '--enable', 'threads']);
  return true;
}

function isUpToDate(): boolean {
  const changed = (file: string): number => statSync(join(root, file)).mtimeMs;
  const files = Object.values(outputs);
  if (!files.every((file) => existsSync(join(root, file)))) return false;
  const sources = readdirSync(join(root, source)).map((file) => `${source}/${file}`);
  const newest = Math.max(...[...sources, 'scripts/build-kernels.ts'].map(changed));
  return files.every((file) => changed(file) > newest);
}

/** Compiles beside the output and renames, because tests that run at the same time may compile and read too. */
async function compile(output: string, args: string[]): Promise<void> {
  const scratch = `${output}.${process.pid}.wasm`;
  const { error, stderr } = await asc.main([...args, '--outFile', scratch]);
  if (error !== null) throw new Error(`The gradient kernels do not compile:\n${stderr.toString()}`);
  renameSync(join(root, scratch), join(root, output));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels();
