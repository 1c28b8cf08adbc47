/**
 * Which picture comes when in the presets' tests, and how each is augmented: what Eosin draws from the seed, written for
 * presets-keras.py to feed Keras with. `node test/reference/presets-draws.ts` makes presets-draws.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { epochOrder } from '../../app/patches/sampling.ts';
import type { KerasView } from '../../app/training/augment/keras-view.ts';
import { viewOf } from '../../app/training/augment/view.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';

export const [pictureCount, batchSize, epochs] = [12, 4, 5];

export interface PresetDraws {
  /** Places of the pictures, one batch an epoch. */
  readonly order: readonly (readonly number[])[];
  /** The view of each picture in each epoch under the preset `augmented`: [epoch][picture]. */
  readonly views: readonly (readonly KerasView[])[];
}

/** Labels, patients and regions of the pictures. */
export const pictures = Array.from({ length: pictureCount }, (_, index) => ({
  index,
  classIndex: index % 3,
  patient: `p${index}`,
  region: `r${index}`,
}));

export function presetDraws(): PresetDraws {
  const file = new URL('../../resources/recipes/augmented.json', import.meta.url);
  const { augment, seed } = checkRecipe(JSON.parse(readFileSync(file, 'utf8')));
  const rounds = Array.from({ length: epochs }, (_, epoch) => epoch);
  return {
    order: rounds.map((epoch) => [...epochOrder(pictures, { mode: 'shuffle', seed, epoch, length: batchSize })]),
    views: rounds.map((round) => pictures.map(({ index }) => viewOf(augment, seed, 1 + round, index) as KerasView)),
  };
}

const target = new URL('presets-draws.json', import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, `${JSON.stringify(presetDraws())}\n`);
