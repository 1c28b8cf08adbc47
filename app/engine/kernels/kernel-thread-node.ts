/** Entry file of a kernel thread: its own instance of the module on the shared heap; sleeps between rounds. */
import { parentPort, workerData } from 'node:worker_threads';
import { gradientModule, type WasmMemory } from './gradient-module.ts';
import { type Claims, type Kernels, ROUND, runPieces } from './kernel-claims.ts';

export interface KernelThreadData {
  readonly claims: Claims;
  /** The compiled module. */
  readonly module: object;
  readonly memory: WasmMemory;
  /** The kernels by number. */
  readonly names: readonly string[];
}

const { claims, module, memory, names } = workerData as KernelThreadData;
const kernels = (await gradientModule(module, memory)) as unknown as Kernels;
parentPort!.postMessage('started');
for (let seen = 0; ; seen = Atomics.load(claims.words, ROUND)) {
  runPieces(claims, kernels, names);
  Atomics.wait(claims.words, ROUND, seen);
}
