/** How far colour alone would get: a histogram classifier on the very patches that the network learned from. */
import { open } from 'node:fs/promises';
import {
  colourBaselineAccuracy,
  colourFeatureCount,
  colourFeatures,
  trainColourBaseline,
} from '../evaluation/colour-baseline.ts';
import { patchOffset, patchStoreLayout } from '../patches/patch-store-format.ts';
import type { PatchStoreRef } from './job-spec.ts';

export interface LabelledIndex {
  readonly index: number;
  readonly classIndex: number;
}

/** Balanced accuracy on `judged` after training on `learned`; both lie in a store without a margin. */
export async function colourAlone(
  store: PatchStoreRef,
  learned: readonly LabelledIndex[],
  judged: readonly LabelledIndex[],
  classCount: number,
): Promise<number> {
  const labelsOf = (patches: readonly LabelledIndex[]): Uint8Array =>
    Uint8Array.from(patches, ({ classIndex }) => classIndex);
  const model = trainColourBaseline(await featuresOf(store, learned), labelsOf(learned), classCount);
  return colourBaselineAccuracy(model, await featuresOf(store, judged), labelsOf(judged));
}

async function featuresOf(store: PatchStoreRef, patches: readonly LabelledIndex[]): Promise<Float32Array> {
  const layout = patchStoreLayout(store);
  const pixels = new Uint8Array(layout.bytesPerPatch);
  const features = new Float32Array(patches.length * colourFeatureCount);
  const file = await open(store.file, 'r');
  try {
    for (const [i, { index }] of patches.entries()) {
      await file.read(pixels, 0, pixels.length, patchOffset(layout, index));
      colourFeatures(pixels, features, i * colourFeatureCount);
    }
  } finally {
    await file.close();
  }
  return features;
}
