/**
 * The frozen part runs once: activations at the freeze boundary, one row a view.
 *
 *     patch -> V views -> [frozen groups, ONNX] -> row (patch * V + view) of [h * w * channels] float32
 *
 * Several boundaries (the head's, that of the next phase) are filled by one pass. Small caches stay in memory, large ones
 * go to a file through the CacheStore port, which bounds them.
 */
import type { Augment, Recipe } from '../core/recipe.ts';
import { exportOnnx, type OnnxOutput } from '../networks/export-onnx.ts';
import type { Network } from '../networks/network.ts';
import { allViews, viewBatches } from './augment/view-batches.ts';
import type { CacheStore, CacheStoreFactory, ForwardRunnerFactory, PatchSource, PlannedPatch } from './ports.ts';
import { preprocess } from './preprocess.ts';

/** Where the network is cut for a phase. */
export interface Boundary {
  /** The last frozen group; null: everything learns and the rows are preprocessed pictures. */
  readonly group: string | null;
  /** [height, width, channels] of a row; [1, 1, channels] where the head's average pooling is done already. */
  readonly shape: readonly [number, number, number];
}

/** The rows of one part of the split at one boundary. */
export interface Activations {
  readonly patches: readonly PlannedPatch[];
  readonly views: number;
  readonly shape: Boundary['shape'];
  readonly bytes: number;
  /** Copies the row of patch number `patch` (its place in `patches`) and `view` into `into`. */
  read(patch: number, view: number, into: Float32Array): Promise<void>;
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
/** A cache up to this size stays in memory. */
const memoryLimitBytes = 64e6;

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
 * Fills one cache a boundary with `views` views of each patch (view 0 is the patch itself).
 *
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
): Promise<Activations[]> {
  const { source, augment, seed } = request;
  const requests = allViews(patches, views);
  const stores: CacheStore[] = [];
  const forward = await openForward(request, boundaries);
  try {
    for (const { group, shape } of boundaries) {
      stores.push(
        await openStore(
          request.caches,
          `${name}-${group ?? 'pictures'}-${shape[0]}`,
          requests.length,
          rowLength(shape),
        ),
      );
    }
    for await (const { pixels, count, from } of viewBatches(source, augment, seed, requests, forwardBatch)) {
      const rows = await forward.run(pixels, count);
      for (const [b, { shape }] of boundaries.entries()) {
        const length = rowLength(shape);
        for (let i = 0; i < count; i++)
          await stores[b]!.write(from + i, rows[b]!.subarray(i * length, (i + 1) * length));
      }
      onProgress(from + count, requests.length);
      await breathe();
    }
  } catch (error) {
    await Promise.all(stores.map((store) => store.close()));
    throw error;
  } finally {
    await forward.close();
  }
  return boundaries.map(({ shape }, b) => ({
    patches,
    views,
    shape,
    bytes: requests.length * rowLength(shape) * 4,
    read: (patch, view, into) => stores[b]!.read(patch * views + view, into),
    close: () => stores[b]!.close(),
  }));
}

/** Bytes that `fillCaches` will take, for telling before it starts. */
export function cacheBytes(patches: number, views: number, boundaries: readonly Boundary[]): number {
  return boundaries.reduce((sum, { shape }) => sum + patches * views * rowLength(shape) * 4, 0);
}

export function rowLength([height, width, channels]: Boundary['shape']): number {
  return height * width * channels;
}

/** One pass for all boundaries; a boundary below the input needs none and gets the preprocessed pictures. */
async function openForward(
  { network, forward, threads, source }: CacheRequest,
  boundaries: readonly Boundary[],
): Promise<{ run(pixels: Uint8Array, count: number): Promise<Float32Array[]>; close(): Promise<void> }> {
  const outputs = boundaries.flatMap(({ group, shape }, b): OnnxOutput[] => {
    if (group === null) return [];
    const { output } = network.groups.find((candidate) => candidate.name === group)!;
    return [{ name: `boundary_${b}`, layer: output, pooled: shape[0] === 1 && shape[1] === 1 }];
  });
  const { model, preprocessing } = network;
  const runner =
    outputs.length > 0 ? await forward.create(await exportOnnx({ model, preprocessing, outputs }), threads) : null;
  return {
    async run(pixels, count) {
      const named = (await runner?.run(pixels, count)) ?? {};
      const pictures = pixels.subarray(0, count * source.sizePx ** 2 * 3);
      return boundaries.map(({ group }, b) =>
        group === null ? preprocess(pictures, preprocessing) : named[`boundary_${b}`]!,
      );
    },
    close: async () => await runner?.close(),
  };
}

async function openStore(caches: CacheStoreFactory, name: string, rows: number, length: number): Promise<CacheStore> {
  if (rows * length * 4 > memoryLimitBytes) return await caches.create(name, rows, length);
  const values = new Float32Array(rows * length);
  return {
    write: async (row, from) => values.set(from, row * length),
    read: async (row, into) => into.set(values.subarray(row * length, (row + 1) * length)),
    close: async () => {},
  };
}
