/**
 * The random numbers of Keras' ImageDataGenerator for one picture: get_random_transform of
 * keras/src/legacy/preprocessing/image.py, every one uniform.
 */
import type { Random } from '../../core/random.ts';
import type { KerasAugment } from '../../core/recipe-augment.ts';

export interface KerasView {
  readonly kind: 'keras';
  /** Degrees (theta). */
  readonly rotation: number;
  /** Shares of the side (tx and ty, divided by it). */
  readonly heightShift: number;
  readonly widthShift: number;
  /** Degrees. */
  readonly shear: number;
  /** zx and zy: each axis by itself. */
  readonly zoom: readonly [number, number];
  readonly flipHorizontal: boolean;
  readonly flipVertical: boolean;
}

/** Draws in a fixed order, also what is switched off, so that one setting does not move the draws of another. */
export function drawKerasView(augment: KerasAugment, random: Random): KerasView {
  const within = (range: number): number => (2 * random.next() - 1) * range;
  const rotation = within(augment.rotation);
  const heightShift = within(augment.heightShift);
  const widthShift = within(augment.widthShift);
  const shear = within(augment.shear);
  const zoom = [1 + within(augment.zoom), 1 + within(augment.zoom)] as const;
  const [horizontal, vertical] = [random.next() < 0.5, random.next() < 0.5];
  return {
    kind: 'keras',
    rotation,
    heightShift,
    widthShift,
    shear,
    zoom,
    flipHorizontal: augment.horizontalFlip && horizontal,
    flipVertical: augment.verticalFlip && vertical,
  };
}
