/**
 * Rows as a run has them, for the engine bench: made-up patches in a packed store, augmented on threads and, below a cut, taken
 * through the frozen part into a cache.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Augment } from '../../../app/core/recipe-augment.ts';
import { onnxForward } from '../../../app/inference/onnx-node.ts';
import { fileCaches, openPatchSource } from '../../../app/jobs/node-ports.ts';
import { withViewThreads } from '../../../app/jobs/view-threads.ts';
import type { Network } from '../../../app/networks/network.ts';
import { contextPxFor } from '../../../app/patches/patch-store-format.ts';
import {
  type Activations,
  type Boundary,
  type CacheRequest,
  fillCaches,
} from '../../../app/training/activation-cache.ts';
import type { PlannedPatch } from '../../../app/training/ports.ts';

const threads = 2;
/** Views a patch, so that a cache of a group's activations is one that goes to a file. */
const views = 16;

export interface RealActivations {
  readonly train: Activations;
  close(): Promise<void>;
}

export async function realActivations(
  network: Network,
  boundary: Boundary,
  patches: readonly PlannedPatch[],
  sizePx: number,
  augment: Augment,
): Promise<RealActivations> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-bench-'));
  const contextPx = contextPxFor(sizePx, augment);
  const store = { file: path.join(folder, 'patches.u8'), count: patches.length, sizePx, contextPx };
  const bytes = (sizePx + 2 * contextPx) ** 2 * 3;
  await writeFile(
    store.file,
    Uint8Array.from({ length: store.count * bytes }, (_, i) => (i * 2_654_435_761) >>> 24),
  );
  const source = withViewThreads(await openPatchSource(store), store, threads);
  const request: CacheRequest = {
    ...{ network, pooling: 'average', source, forward: onnxForward, threads, augment, seed: 1 },
    caches: fileCaches(path.join(folder, 'cache'), 20e9),
  };
  const breathe = async (): Promise<void> => undefined;
  const [train] = await fillCaches(request, 'train', patches, views, [boundary], () => undefined, breathe);
  return {
    train: train!,
    async close() {
      await train!.close();
      await source.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
