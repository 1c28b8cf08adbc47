/**
 * The frozen part runs once: activations at the freeze boundary, one row a view.
 *
 *     patch -> V views -> [frozen groups, ONNX] -> row (patch * V + view) of [h * w * channels] float32
 *
 * Several boundaries (the head's, that of the next phase) are filled by one pass. Small caches stay in memory, large ones
 * go to a file through the CacheStore port, which bounds them. Where nothing is frozen there is nothing to cache: pictures
 * are made as they are read (picture-rows.ts).
 */

import type { Recipe } from '../core/recipe.ts';
import type { Augment } from '../core/recipe-augment.ts';
import { cacheInMemoryBytes } from '../core/training-cost.ts';
import { exportOnnx, type OnnxOutput } from '../networks/export-onnx.ts';
import type { Network } from '../networks/network.ts';
import { allViews, viewBatches } from './augment/view-batches.ts';
import { pictureRows } from './picture-rows.ts';
import type { CacheStore, CacheStoreFactory, ForwardRunnerFactory, PatchSource, PlannedPatch } from './ports.ts';

/** Where the network is cut for a phase. */
export interface Boundary {
  /** The last frozen group; null: everything learns and the rows are preprocessed pictures. */
  readonly group: string | null;
  /** [height, width, channels] of a row; [1, 1, channels] where the head's average pooling is done already. */
  readonly shape: readonly [number, number, number];
}

/** One row: a view of a patch. */
export interface Draw {
  /** Its place in `patches`. */
  readonly patch: number;
  readonly view: number;
}

/** The rows of one part of the split at one boundary. */
export interface Activations {
  readonly patches: readonly PlannedPatch[];
  readonly views: number;
  readonly shape: Boundary['shape'];
  readonly bytes: number;
  /** Copies the row of patch number `patch` (its place in `patches`) and `view` into `into`. */
  read(patch: number, view: number, into: Float32Array): Promise<void>;
  /** Views drawn afresh: those of `round` (0 is what was filled at first) from now on. */
  renew(round: number, breathe: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface CacheRequest {
  readonly network: Network;
  readonly pooling: Recipe['head']['pooling'];
  readonly source: PatchSource;
  readonly forward: ForwardRunnerFactory;
  readonly caches: CacheStoreFactory;
  readonly threads: number;
  readonly augment: Augment | null;
  readonly seed: number;
}

/** Pictures in one forward pass. */
const forwardBatch = 16;

/** The boundary below `unfreeze` learning groups; for the head alone after average pooling the row is one value a channel. */
export function boundaryFor(
  { network, pooling, source }: Pick<CacheRequest, 'network' | 'pooling' | 'source'>,
  unfreeze: number,
): Boundary {
  const group = network.groups.at(-1 - unfreeze);
  if (!group || unfreeze >= network.groups.length) return { group: null, shape: [source.sizePx, source.sizePx, 3] };
  const [, height, width, channels] = network.model.getLayer(group.output).outputShape as number[];
  const shape: Boundary['shape'] =
    unfreeze === 0 && pooling === 'average' ? [1, 1, channels!] : [height!, width!, channels!];
  return { group: group.name, shape };
}

/**
 * Fills one cache a boundary with `views` views of each patch.
 *
 * @param firstView the number of the first; view 0 is the patch itself.
 * @param onProgress pictures done and to do.
 * @param breathe awaited after each batch; throws on cancel.
 */
export async function fillCaches(
  request: CacheRequest,
  name: string,
  patches: readonly PlannedPatch[],
  views: number,
  boundaries: readonly Boundary[],
  onProgress: (done: number, total: number) => void,
  breathe: () => Promise<void>,
  firstView = 0,
): Promise<Activations[]> {
  const rows = patches.length * views;
  const open: { cut: CutBoundary; store: CacheStore }[] = [];
  const fill = async (into: typeof open, round: number, told: typeof onProgress, breath: typeof breathe) => {
    const requests = allViews(patches, views, firstView + round * views);
    await fillStores(request, into, requests, told, breath);
  };
  try {
    for (const cut of boundaries.filter(isCut)) {
      const { group, shape } = cut;
      const store = await openStore(request.caches, `${name}-${group}-${shape[0]}`, rows, rowLength(shape));
      open.push({ cut, store });
    }
    if (open.length > 0) await fill(open, 0, onProgress, breathe);
    else onProgress(rows, rows);
  } catch (error) {
    await Promise.all(open.map(({ store }) => store.close()));
    throw error;
  }
  return boundaries.map((boundary): Activations => {
    const own = open.find(({ cut }) => cut === boundary);
    if (!own) return pictureRows(request, patches, views, firstView);
    const { store } = own;
    let drawn = 0;
    return {
      patches,
      views,
      shape: boundary.shape,
      bytes: rows * rowLength(boundary.shape) * 4,
      read: (patch, view, into) => store.read(patch * views + view, into),
      async renew(round, breath) {
        if (round !== drawn) await fill([own], round, () => undefined, breath);
        drawn = round;
      },
      close: () => store.close(),
    };
  });
}

/** A boundary with something frozen below it. */
type CutBoundary = Boundary & { readonly group: string };

function isCut(boundary: Boundary): boundary is CutBoundary {
  return boundary.group !== null;
}

/** One forward pass for all boundaries. */
async function fillStores(
  { source, augment, seed, network, forward, threads }: CacheRequest,
  open: readonly { readonly cut: CutBoundary; readonly store: CacheStore }[],
  requests: ReturnType<typeof allViews>,
  onProgress: (done: number, total: number) => void,
  breathe: () => Promise<void>,
): Promise<void> {
  const outputs = open.map(({ cut: { group, shape } }, b): OnnxOutput => {
    const { output } = network.groups.find((candidate) => candidate.name === group)!;
    return { name: `boundary_${b}`, layer: output, pooled: shape[0] === 1 && shape[1] === 1 };
  });
  const { model, preprocessing } = network;
  const runner = await forward.create(await exportOnnx({ model, preprocessing, outputs }), threads);
  try {
    for await (const { pixels, count, from } of viewBatches(source, augment, seed, requests, forwardBatch)) {
      const rows = await runner.run(pixels, count);
      for (const [b, { cut, store }] of open.entries()) {
        const length = rowLength(cut.shape);
        for (let i = 0; i < count; i++) {
          await store.write(from + i, rows[`boundary_${b}`]!.subarray(i * length, (i + 1) * length));
        }
      }
      onProgress(from + count, requests.length);
      await breathe();
    }
  } finally {
    await runner.close();
  }
}

/** Bytes that `fillCaches` will take, for telling before it starts. */
export function cacheBytes(patches: number, views: number, boundaries: readonly Boundary[]): number {
  return boundaries.filter(isCut).reduce((sum, { shape }) => sum + patches * views * rowLength(shape) * 4, 0);
}

export function rowLength([height, width, channels]: Boundary['shape']): number {
  return height * width * channels;
}

async function openStore(caches: CacheStoreFactory, name: string, rows: number, length: number): Promise<CacheStore> {
  if (rows * length * 4 > cacheInMemoryBytes) return await caches.create(name, rows, length);
  const values = new Float32Array(rows * length);
  return {
    write: async (row, from) => values.set(from, row * length),
    read: async (row, into) => into.set(values.subarray(row * length, (row + 1) * length)),
    close: async () => {},
  };
}
