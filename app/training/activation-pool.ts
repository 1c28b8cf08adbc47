/**
 * The activation caches of a run, by the number of layer groups that learn above them. Those of the recipe's phases are
 * filled together in one forward pass, those of rungs one by one.
 */
import { type Activations, boundaryFor, cacheBytes, fillCaches } from './activation-cache.ts';
import type { PhasesRequest } from './phases.ts';
import { stageProgress } from './stage-progress.ts';

/** Training and validation patches at one boundary. */
export interface PooledActivations {
  readonly train: Activations;
  readonly validation: Activations;
}

export interface ActivationPool {
  /** Activations below the top `unfreeze` groups; filled when they are not there yet, and others closed then. */
  at(unfreeze: number): Promise<PooledActivations>;
  /** Forgets what lies above a boundary where fewer groups learn: those activations have changed. */
  dropAbove(unfreeze: number): Promise<void>;
  close(): Promise<void>;
}

/** @param planned the depths of the recipe's phases, filled together when the first of them is asked for. */
export function createActivationPool(
  { cache, data, recipe, emit, breathe }: PhasesRequest,
  planned: readonly number[],
): ActivationPool {
  const filled = new Map<number, PooledActivations>();
  const views = recipe.augment === null ? 1 : recipe.views;
  // Keras never shows the picture itself; Eosin's own views begin with it.
  const firstView = recipe.augment?.kind === 'keras' ? 1 : 0;

  async function fill(depths: readonly number[]): Promise<void> {
    const boundaries = depths.map((unfreeze) => boundaryFor(cache, unfreeze));
    const pictures = data.train.length * views;
    const total = pictures + data.validation.length;
    const bytes = cacheBytes(data.train.length, views, boundaries) + cacheBytes(data.validation.length, 1, boundaries);
    const every = recipe.renewViews === 1 ? 'epoch' : `${recipe.renewViews} epochs`;
    const fresh = recipe.augment && recipe.renewViews ? `, drawn afresh every ${every}` : '';
    const text = `Activation cache: ${(bytes / 1e6).toFixed(0)} MB for ${views} views of each training patch${fresh}.`;
    emit({ type: 'note', level: 'info', text });
    const progress = stageProgress(emit, 'activations', total, 'pictures');
    const train = await fillCaches(cache, 'train', data.train, views, boundaries, progress, breathe, firstView);
    try {
      const after = (done: number): void => progress(pictures + done);
      const validation = await fillCaches(cache, 'validation', data.validation, 1, boundaries, after, breathe);
      for (const [b, depth] of depths.entries()) filled.set(depth, { train: train[b]!, validation: validation[b]! });
    } catch (error) {
      for (const activations of train) await activations.close();
      throw error;
    }
  }

  async function drop(depths: readonly number[]): Promise<void> {
    for (const depth of depths) {
      const { train, validation } = filled.get(depth)!;
      filled.delete(depth);
      await train.close();
      await validation.close();
    }
  }

  return {
    async at(unfreeze) {
      if (!filled.has(unfreeze)) {
        const together = filled.size === 0 && planned.includes(unfreeze) ? planned : [];
        await drop([...filled.keys()]);
        await fill([...new Set([unfreeze, ...together])]);
      }
      return filled.get(unfreeze)!;
    },
    dropAbove: (unfreeze) => drop([...filled.keys()].filter((depth) => depth < unfreeze)),
    close: () => drop([...filled.keys()]),
  };
}
