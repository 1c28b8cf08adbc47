/** Guards against leaks: a patient, or a pixel-equal patch, that stands in more than one part of the split. */
import { EosinError } from '../core/errors.ts';
import type { SplitPart } from '../core/project.ts';

/** Throws `split/leak` when a patient's patches stand in more than one part. */
export function assertNoLeak(patches: readonly { readonly patient: string; readonly part: SplitPart }[]): void {
  const partOf = new Map<string, SplitPart>();
  const leaking = new Set<string>();
  for (const { patient, part } of patches) {
    const known = partOf.get(patient);
    if (known === undefined) partOf.set(patient, part);
    else if (known !== part) leaking.add(patient);
  }
  if (leaking.size === 0) return;
  const [first] = leaking;
  throw new EosinError(
    'split/leak',
    'input',
    `${leaking.size === 1 ? `Patient ${first} stands` : `${leaking.size} patients stand`} in more than one part of the split.`,
    {
      remedy: 'Put all slides of a patient in one part; check the patient names of the slides.',
      fields: { patients: leaking.size, first: first ?? '' },
    },
  );
}

export interface DuplicateTile {
  readonly hash: string;
  /** Positions of all its copies in the list that was checked. */
  readonly indices: readonly number[];
}

/** Pixel-equal patches (by the caller's hash of their pixels) that stand in more than one part. */
export function duplicateTiles(tiles: readonly { readonly hash: string; readonly part: SplitPart }[]): DuplicateTile[] {
  const byHash = new Map<string, number[]>();
  for (const [index, { hash }] of tiles.entries()) {
    const known = byHash.get(hash);
    if (known) known.push(index);
    else byHash.set(hash, [index]);
  }
  const out: DuplicateTile[] = [];
  for (const [hash, indices] of byHash) {
    if (indices.some((index) => tiles[index]!.part !== tiles[indices[0]!]!.part)) out.push({ hash, indices });
  }
  return out;
}

/** Throws `split/duplicate` when pixel-equal patches stand in more than one part. */
export function assertNoDuplicateTiles(tiles: readonly { readonly hash: string; readonly part: SplitPart }[]): void {
  const found = duplicateTiles(tiles);
  if (found.length === 0) return;
  throw new EosinError(
    'split/duplicate',
    'input',
    `${found.length === 1 ? 'One picture stands' : `${found.length} pictures stand`} in more than one part of the split.`,
    {
      remedy: 'The same tissue was given twice, perhaps as two patients; remove one copy or give both one patient.',
      fields: { duplicates: found.length, firstIndex: found[0]!.indices[0]! },
    },
  );
}
