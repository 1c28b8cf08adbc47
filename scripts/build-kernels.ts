/**
 * Compiles the wasm gradient kernels (app/engine/kernels/assembly) into dist/engine: `gradients.wasm` for plain and
 * `gradients-shared.wasm` for shared memory. Does nothing when both are newer than their sources.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
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
  const memory = ['--importMemory', '--maximumMemory', '65536', '--enable', 'simd', '--enable', 'bulk-memory'];
  const entry = `${source}/index.ts`;
  await compile([entry, '--outFile', outputs.plain, ...common, ...memory]);
  await compile([entry, '--outFile', outputs.shared, ...common, ...memory, '--sharedMemory', '--enable', 'threads']);
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

async function compile(args: string[]): Promise<void> {
  const { error, stderr } = await asc.main(args);
  if (error !== null) throw new Error(`The gradient kernels do not compile:\n${stderr.toString()}`);
}

if (import.meta.main) await buildKernels();
