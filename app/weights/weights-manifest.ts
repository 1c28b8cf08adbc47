/**
 * Weights that Eosin has taken in, as a folder:
 *
 *     backbones/NAME/weights.json    this: what they are, where they are from, names and shapes in order
 *                    weights.bin     float32, little-endian, one weight after another
 */
import { z } from 'zod';

export const manifestFile = 'weights.json';
export const numbersFile = 'weights.bin';
export const manifestVersion = 1;
/** A manifest is small; a file that is not is none. */
export const manifestByteLimit = 2_000_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const three = z.tuple([z.number(), z.number(), z.number()]);

/** As a recipe names a backbone: the network, and a name of the user's own where there are several. */
export const backboneNameSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]*(@[a-z0-9][a-z0-9.-]*)?$/).max(80); // biome-ignore format: one line

export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(manifestVersion),
  name: backboneNameSchema,
  /** One of networks/architectures.ts. */
  architecture: z.string(),
  preprocessing: z.strictObject({
    channels: z.enum(['rgb', 'bgr']),
    mean: three,
    scale: three.refine((scale) => scale.every((value) => value !== 0)),
  }),
  /** Goes into the passport of what is trained with them. */
  provenance: z.string().min(1),
  licence: z.string().min(1),
  source: z.strictObject({ file: z.string(), bytes: z.int().min(0), sha256, md5: z.string(), dialect: z.string() }),
  /** The network's own dense layers are there, too. */
  ownHead: z.boolean(),
  weights: z.array(z.strictObject({ name: z.string().min(1), shape: z.array(z.int().min(1)).max(4) })).min(1),
  /** Of weights.bin. */
  sha256,
  /** Mean over height and width of the last group for a fixed picture: the first eight channels. */
  fingerprint: z.strictObject({ sizePx: z.int().min(1), values: z.array(z.number()).min(1) }),
  importedAt: z.iso.datetime({ offset: true }),
  eosin: z.string(),
});

export type WeightsManifest = z.output<typeof manifestSchema>;

export function numberBytes(weights: WeightsManifest['weights']): number {
  return 4 * weights.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}
