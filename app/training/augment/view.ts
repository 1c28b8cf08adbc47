/** One augmented view of a patch as numbers, drawn from the seed alone: view 3 of patch 17 is the same picture in every run. */
import { type Random, randomFor } from '../../core/random.ts';
import type { Augment, TissueAugment } from '../../core/recipe-augment.ts';
import { drawKerasView, type KerasView } from './keras-view.ts';

export interface TissueView {
  readonly kind: 'tissue';
  /** Counter-clockwise, radians. */
  readonly angle: number;
  /** Source px per px of the view: above 1 more tissue is seen, smaller. */
  readonly scale: number;
  readonly flipX: boolean;
  readonly flipY: boolean;
  /** Each stain's concentration is multiplied by `factor` and moved by `shift` (haematoxylin, eosin, residual). */
  readonly stain: { readonly factor: Triple; readonly shift: Triple } | null;
  /** Multiplies every channel. */
  readonly brightness: number;
  readonly blurPx: number;
}

export type Triple = readonly [number, number, number];

/** One view as the recipe's kind of augmentation draws it. */
export type View = TissueView | KerasView;

/** The patch as it was cut. */
export const centralView: TissueView = {
  kind: 'tissue',
  angle: 0,
  scale: 1,
  flipX: false,
  flipY: false,
  stain: null,
  brightness: 1,
  blurPx: 0,
};

/** View `view` of patch `patch`. View 0 is always the patch itself, so that training sees what prediction will see. */
export function viewOf(augment: Augment | null, seed: number, view: number, patch: number): View {
  if (augment === null || view === 0) return centralView;
  const random = randomFor(seed, 'augment', view, patch);
  return augment.kind === 'keras' ? drawKerasView(augment, random) : drawTissueView(augment, random);
}

/** Draws in a fixed order, also what is switched off, so that one setting does not move the draws of another. */
function drawTissueView(augment: TissueAugment, random: Random): TissueView {
  const angle = random.next() * 2 * Math.PI;
  const flipX = random.next() < 0.5;
  const flipY = random.next() < 0.5;
  const scale = 1 + (2 * random.next() - 1) * augment.zoom;
  const brightness = 1 + (2 * random.next() - 1) * augment.brightness;
  const blurPx = random.next() * augment.blurPx;
  const jitter = (): number => augment.stain * Math.min(3, Math.max(-3, random.normal()));
  const factor: Triple = [1 + jitter(), 1 + jitter(), 1 + jitter()];
  const shift: Triple = [jitter(), jitter(), jitter()];
  return {
    kind: 'tissue',
    angle: augment.rotate ? angle : 0,
    scale,
    flipX: augment.flip && flipX,
    flipY: augment.flip && flipY,
    stain: augment.stain > 0 ? { factor, shift } : null,
    brightness,
    blurPx,
  };
}
