/** Entry file: the wasm engine in a Node process, with threads and our gradient kernels. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js';
import { EosinError } from '../core/errors.ts';
import type { Engine } from './engine.ts';
import {
  compileGradientModule,
  type GradientBinaries,
  gradientModule,
  isShared,
  type WasmMemory,
} from './kernels/gradient-module.ts';
import { type KernelTeam, soloTeam } from './kernels/kernel-team.ts';
import { openKernelTeam } from './kernels/kernel-team-node.ts';
import { heapMemory } from './wasm-heap.ts';
import { installWasmKernels } from './wasm-kernels.ts';

const require = createRequire(import.meta.url);

/**
 * Opens the wasm engine.
 *
 * @param threads pool size; 1 starts no thread.
 * @throws EosinError `engine/kernels-missing` when the gradient kernels were not built, `engine/thread-lost` when a thread
 * does not start.
 */
export async function openWasmEngine(threads: number): Promise<Engine> {
  const engine = require('@tensorflow/tfjs') as typeof tf;
  engine.enableProdMode(); // no advice on the console
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  const binaries = await readGradientBinaries();
  const assets = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out');
  wasm.setWasmPaths(`${assets}/`);
  engine.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  wasm.setThreadsCount(threads);
  const undo = threads > 1 ? prepareThreads(assets, threads) : () => {};
  try {
    await engine.setBackend('wasm');
    await engine.ready();
  } finally {
    undo();
  }
  const running = threads > 1 ? wasm.getThreadsCount() : 1;
  const memory = heapMemory(engine.backend() as unknown as BackendWasm);
  const factory = engine.findBackendFactory('wasm');
  const closeBackend = (): void => {
    engine.disposeVariables();
    engine.removeBackend('wasm'); // ends its threads
    engine.registerBackend('wasm', factory, 2); // so that it can be opened again
  };
  let team: KernelTeam;
  try {
    team = await openTeam(binaries, memory, running);
  } catch (error) {
    closeBackend();
    throw error;
  }
  installWasmKernels(engine, team);
  return {
    id: 'wasm',
    tf: engine,
    device: `CPU, ${running} ${running === 1 ? 'thread' : 'threads'}, SIMD`,
    threads: running,
    close: async () => {
      closeBackend();
      await team.close();
    },
  };
}

async function openTeam(binaries: GradientBinaries, memory: WasmMemory, threads: number): Promise<KernelTeam> {
  if (threads > 1 && isShared(memory)) return await openKernelTeam(binaries, memory, threads);
  return soloTeam(await gradientModule(await compileGradientModule(binaries, memory), memory));
}

/** Source runs in app/engine, a build in dist/app/engine; the kernels lie in dist/engine for both. */
async function readGradientBinaries(): Promise<GradientBinaries> {
  const here = dirname(fileURLToPath(import.meta.url));
  const folders = [join(here, '../../dist/engine'), join(here, '../../engine'), join(here, '../engine')];
  const folder = folders.find((candidate) => existsSync(join(candidate, 'gradients-shared.wasm')));
  if (folder === undefined) {
    throw new EosinError('engine/kernels-missing', 'config', 'The gradient kernels of the wasm engine are not built.', {
      remedy: "Run 'npm run build' in Eosin's folder.",
    });
  }
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await readFile(join(folder, name)));
  return { plain: await read('gradients.wasm'), shared: await read('gradients-shared.wasm') };
}

/**
 * While the backend starts, three things keep it from using threads in Node:
 *  - it gives its thread pool to workers as `blob:` URLs, which Node's Worker does not open: run the source itself,
 *  - and tells them to load their module from such a URL: name the file instead,
 *  - it takes at most half the cores it is told of: report twice the threads wanted.
 *
 * @returns what puts everything back.
 */
function prepareThreads(assets: string, threads: number): () => void {
  const script = 'tfjs-backend-wasm-threaded-simd';
  const { wasmWorkerContents } = require(join(assets, `${script}.worker.js`)) as { wasmWorkerContents: string };
  const source = wasmWorkerContents.replace(/\n/g, '\\n'); // it was written to be put into a template
  // The CommonJS module objects, because the backend reads them at the time of use.
  const workerThreads = require('node:worker_threads') as { Worker: typeof import('node:worker_threads').Worker };
  const os = require('node:os') as { cpus: typeof import('node:os').cpus };
  const { Worker } = workerThreads;
  const { cpus } = os;

  class PoolWorker extends Worker {
    constructor(file: string | URL, options?: import('node:worker_threads').WorkerOptions) {
      const ofPool = String(file).startsWith('blob:');
      super(ofPool ? source : file, ofPool ? { ...options, eval: true } : options);
    }

    override postMessage(...[message, transfer]: Parameters<InstanceType<typeof Worker>['postMessage']>): void {
      const load = message as { cmd?: string; urlOrBlob?: unknown } | null;
      if (load?.cmd === 'load' && 'urlOrBlob' in load) {
        super.postMessage({ ...load, urlOrBlob: join(assets, `${script}.js`) }, transfer);
      } else {
        super.postMessage(message, transfer);
      }
    }
  }

  workerThreads.Worker = PoolWorker;
  os.cpus = () => Array.from({ length: 2 * threads }, () => cpus()[0]!);
  return () => {
    workerThreads.Worker = Worker;
    os.cpus = cpus;
  };
}
