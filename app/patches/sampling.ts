/**
 * In which order an epoch sees its patches.
 *
 *     balanced   class -> patient -> region -> patch, taking turns at each step, so that one large region does not drown
 *                the rest; a patch of a rare class may come several times, one of a frequent class not at all
 *     shuffle    every patch once, in random order
 *
 * Both are fixed by seed and epoch. Class weights in the loss belong to `shuffle`: never both corrections at once.
 */
import { randomFor, shuffled } from '../core/random.ts';

export interface SampledPatch {
  readonly classIndex: number;
  readonly patient: string;
  readonly region: string;
}

/** Positions in `patches`, `length` of them (default: as many as there are patches). */
export function epochOrder(
  patches: readonly SampledPatch[],
  options: {
    readonly mode: 'balanced' | 'shuffle';
    readonly seed: number;
    readonly epoch: number;
    readonly length?: number;
  },
): Uint32Array {
  const length = options.length ?? patches.length;
  const out = new Uint32Array(patches.length === 0 ? 0 : length);
  const draw = drawer(patches, options.mode, `${options.mode}/${options.epoch}`, options.seed);
  for (let i = 0; i < out.length; i++) out[i] = draw();
  return out;
}

/**
 * Positions of at most `cap` patches a class, in ascending order, chosen in balanced order so that small regions and
 * single patients stay.
 */
export function capPerClass(patches: readonly SampledPatch[], cap: number | null, seed: number): Uint32Array {
  const byClass = new Map<number, number[]>();
  for (const [index, { classIndex }] of patches.entries()) push(byClass, classIndex, index);
  const kept: number[] = [];
  for (const [classIndex, members] of byClass) {
    if (cap === null || members.length <= cap) {
      kept.push(...members);
      continue;
    }
    const draw = drawer(
      members.map((index) => patches[index]!),
      'balanced',
      `cap/${classIndex}`,
      seed,
    );
    const chosen = new Set<number>();
    while (chosen.size < cap) chosen.add(members[draw()]!);
    kept.push(...chosen);
  }
  return Uint32Array.from(kept.sort((a, b) => a - b));
}

/** Gives one position after another. */
function drawer(
  patches: readonly SampledPatch[],
  mode: 'balanced' | 'shuffle',
  name: string,
  seed: number,
): () => number {
  const all = patches.map((_, index) => index);
  if (mode === 'shuffle') return turns(all, name, seed, (index) => () => index);
  const level = (
    members: readonly number[],
    keys: readonly ((patch: SampledPatch) => string)[],
    path: string,
  ): (() => number) => {
    const [key, ...rest] = keys;
    if (!key) return turns(members, path, seed, (index) => () => index);
    const groups = new Map<string, number[]>();
    for (const index of members) push(groups, key(patches[index]!), index);
    return turns([...groups], path, seed, ([value, group]) => level(group, rest, `${path}/${value}`));
  };
  return level(all, [(patch) => String(patch.classIndex), (patch) => patch.patient, (patch) => patch.region], name);
}

/** Takes turns through `items`, in a new random order each round. */
function turns<T>(items: readonly T[], path: string, seed: number, open: (item: T) => () => number): () => number {
  const random = randomFor(seed, 'order', path);
  const opened = items.map(open);
  let round: (() => number)[] = [];
  return () => {
    if (round.length === 0) round = shuffled(opened, random);
    return round.pop()!();
  };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
