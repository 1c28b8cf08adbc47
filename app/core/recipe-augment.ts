/** How patches are varied before the network sees them. A part of a recipe. */
import { z } from 'zod';
import { says } from './recipe-says.ts';

const kindOfVariation = says(
  'tissue: what happens to tissue on its way to a picture; keras: as Keras’ ImageDataGenerator, whose smeared edges are not tissue.',
);

/** The default: what happens to tissue on its way to a picture. */
const tissueAugmentSchema = z.strictObject({
  kind: z.literal('tissue').default('tissue').meta(kindOfVariation),
  rotate: z
    .boolean()
    .default(true)
    .meta(says('Turned by any angle; patches are cut with context, so nothing is filled.')),
  flip: z.boolean().default(true).meta(says('Mirrored either way.')),
  zoom: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .meta(says('Larger or smaller by up to this share, the same in both directions.')),
  /** Tellez 2018. */
  stain: z
    .number()
    .min(0)
    .max(0.2)
    .default(0.03)
    .meta(says('How far haematoxylin, eosin and the rest vary by themselves (standard deviation); 0 is not at all.')),
  blurPx: z
    .number()
    .min(0)
    .max(3)
    .default(0.5)
    .meta(says('The strongest blur (sigma of a Gaussian).', { unit: 'px', title: 'Blur' })),
  brightness: z.number().min(0).max(0.5).default(0.05).meta(says('Brighter or darker by up to this share.')),
});
export type TissueAugment = z.infer<typeof tissueAugmentSchema>;

/** What Keras' ImageDataGenerator does for the same numbers; kept for comparison: its smeared edges are not tissue. */
const kerasAugmentSchema = z.strictObject({
  kind: z.literal('keras').meta(kindOfVariation),
  rotation: z
    .number()
    .min(0)
    .max(180)
    .default(0)
    .meta(says('Turned by up to this angle either way.', { unit: '°' })),
  /** Keras 3 swaps the two axes when it moves the picture, and so does Eosin. */
  widthShift: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Moved by up to this share of the side; Keras 3 swaps the two directions, and so does Eosin.')),
  heightShift: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Moved by up to this share of the side; Keras 3 swaps the two directions, and so does Eosin.')),
  shear: z
    .number()
    .min(0)
    .max(90)
    .default(0)
    .meta(says('Slanted by up to this many DEGREES either way, as in Keras: 0.2 is next to nothing.', { unit: '°' })),
  zoom: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Each direction by itself larger or smaller by up to this share: the picture is stretched.')),
  horizontalFlip: z.boolean().default(false).meta(says('Mirrored left to right, every second time.')),
  verticalFlip: z.boolean().default(false).meta(says('Mirrored top to bottom, every second time.')),
  fill: z
    .literal('nearest')
    .default('nearest')
    .meta(says('What lies outside the picture: its nearest edge pixel, smeared.')),
});
export type KerasAugment = z.infer<typeof kerasAugmentSchema>;

export const augmentSchema = z.discriminatedUnion('kind', [tissueAugmentSchema, kerasAugmentSchema]);
export type Augment = z.infer<typeof augmentSchema>;
