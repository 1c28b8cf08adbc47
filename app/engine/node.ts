/** Entry file: the engines of a Node process. The only place that finds assets on the disk and starts threads for an engine. */
import { createRequire } from 'node:module';
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Engine, EngineId, TestedEngine } from './engine.ts';
import { nativeObstacle, openNativeEngine } from './native-node.ts';
import { notUsable } from './not-usable.ts';
import { testedEngine } from './tested-engine.ts';
import { openWasmEngine } from './wasm-node.ts';
import { openWebGpuInNode, webGpuObstacle } from './webgpu-node.ts';

export interface EngineOptions {
  /** Threads the engine may use; at least 1. */
  readonly threads: number;
  /** For tests of correctness: WebGPU takes a renderer that imitates a GPU on the processor. */
  readonly allowSoftwareGpu?: boolean;
}

/** A rung of the ladder; one that is not usable says exactly why. */
export interface Rung {
  readonly id: EngineId;
  readonly usable: boolean;
  readonly reason?: string;
}

/** From the fastest down. `cpu` is the reference: it is opened only when asked for. */
const ORDER: readonly EngineId[] = ['native-cuda', 'native-cpu', 'webgpu', 'wasm', 'cpu'];

/**
 * Opens one engine, without its self-test. One engine a process at a time.
 *
 * @throws EosinError `engine/not-usable` with the reason, `engine/kernels-missing`.
 */
export async function openEngine(id: EngineId, options: EngineOptions): Promise<Engine> {
  const reason = obstacle(id);
  if (reason !== null) throw notUsable(id, reason);
  try {
    if (id === 'wasm') return await openWasmEngine(options.threads);
    if (id === 'webgpu') return await openWebGpuInNode(options.allowSoftwareGpu ?? false);
    if (id === 'native-cuda' || id === 'native-cpu') return await openNativeEngine(id, options.threads);
    return await openReferenceEngine();
  } catch (cause) {
    if (cause instanceof EosinError) throw cause;
    throw notUsable(id, firstLine(cause), cause);
  }
}

/** Which engines this process could open, best first, without opening any. A usable one may still fail its self-test. */
export async function ladder(): Promise<Rung[]> {
  return ORDER.map((id) => {
    const reason = obstacle(id);
    return reason === null ? { id, usable: true } : { id, usable: false, reason };
  });
}

/**
 * Opens the best engine that passes its self-test; `wanted` overrules the order, and is then the only one tried.
 *
 * @throws EosinError `engine/not-usable` with every rung's reason, `engine/self-test` when the wanted one is wrong.
 */
export async function openBestEngine(wanted: EngineId | null, options: EngineOptions): Promise<TestedEngine> {
  if (wanted !== null) return await openTested(wanted, options);
  const reasons: string[] = [];
  for (const id of ORDER) {
    if (id === 'cpu') continue;
    try {
      return await openTested(id, options);
    } catch (error) {
      reasons.push(error instanceof EosinError ? error.message : firstLine(error));
    }
  }
  throw new EosinError('engine/not-usable', 'config', `No engine can be used: ${reasons.join(' ')}`, {
    remedy: "Run 'npm ci' and 'npm run build'; 'eosin doctor' shows every engine.",
  });
}

async function openTested(id: EngineId, options: EngineOptions): Promise<TestedEngine> {
  return await testedEngine(await openEngine(id, options));
}

/** Why an engine cannot be opened here, as far as can be told without opening it. */
function obstacle(id: EngineId): string | null {
  if (id === 'webgpu') return webGpuObstacle();
  return id === 'native-cuda' || id === 'native-cpu' ? nativeObstacle(id) : null;
}

async function openReferenceEngine(): Promise<Engine> {
  const engine = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof tf;
  engine.enableProdMode();
  await engine.setBackend('cpu');
  await engine.ready();
  const close = async (): Promise<void> => engine.disposeVariables();
  return { id: 'cpu', tf: engine, device: 'CPU, 1 thread, reference', threads: 1, close };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String((error as { message?: string })?.message ?? error);
  return text.trim().split('\n')[0]!.replace(/\.$/, '');
}
