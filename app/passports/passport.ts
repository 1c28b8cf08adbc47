/**
 * The passport of a finished model: everything that a stranger must know before the model may look at a slide.
 *
 *     models/<id>/passport.json      this, in one canonical text with its own SHA-256 (see passport-text.ts)
 *                 model.onnx         uint8 [n, size, size, rgb] in, probabilities [n, classes] out
 *                 model.json, *.bin  the layers model, for further training
 */
import { z } from 'zod';
import { patchRuleSchema } from '../core/patch-quality.ts';
import { recipeSchema } from '../core/recipe.ts';
import { researchUseOnly } from '../core/research-use.ts';

export const passportVersion = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const share = z.number().min(0).max(1);
const count = z.int().min(0);

const intervalSchema = z.strictObject({
  value: share,
  low: share,
  high: share,
  unit: z.enum(['patient', 'patch-level, one patient', 'patch-level, unknown patients']),
});

export const evaluationSchema = z.strictObject({
  patches: count,
  patients: count.nullable(),
  accuracy: intervalSchema,
  balancedAccuracy: intervalSchema,
  loss: z.number(),
  classes: z.array(
    z.strictObject({
      name: z.string(),
      sensitivity: share.nullable(),
      specificity: share.nullable(),
      precision: share.nullable(),
      patches: count,
    }),
  ),
  /** confusion[truth][predicted] */
  confusion: z.array(z.array(count)),
  colourBaseline: share.nullable(),
});

/** A plain file name: no folder, no drive, no reserved name, so that a foreign passport cannot point outside its folder. */
export const fileNameSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .refine((name) => !name.endsWith('.') && !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name));

export const passportSchema = z.strictObject({
  schemaVersion: z.literal(passportVersion),
  id: z.string().min(1).max(128),
  name: z.string().min(1).max(200),
  /** ISO 8601. */
  createdAt: z.iso.datetime({ offset: true }),
  /** In the order of the network's outputs. */
  classes: z
    .array(z.strictObject({ name: z.string().min(1), colour: z.string().regex(/^#[0-9a-f]{6}$/i) }))
    .min(2)
    .max(256),
  /** Side of a patch in px of the model's grid. */
  sizePx: z.int().min(16).max(4096),
  /** µm per px that the model was trained at; null is 'unknown': it was trained on loose patches. */
  mpp: z.number().positive().nullable(),
  /** Stains that it was trained on; empty is unknown. */
  stains: z.array(z.string()).default([]),
  /** One of the classes was learned from bare glass: prediction then covers glass as well as tissue. */
  learnsGlass: z.boolean().default(false),
  /** value_in = (pixel - mean) / scale in this channel order; model.onnx does it by itself. */
  preprocessing: z.strictObject({
    channels: z.enum(['rgb', 'bgr']),
    mean: z.array(z.number()).length(3),
    scale: z.array(z.number().refine((value) => value !== 0)).length(3),
  }),
  backbone: z.strictObject({ name: z.string().min(1), sha256, provenance: z.string() }),
  /** The layer group that the head grows on. */
  attach: z.string(),
  best: z.strictObject({ phase: z.string(), epoch: count }),
  /** Which rung of its training it is, and whether a person chose it; null in models that do not say it. */
  rung: z
    .strictObject({ name: z.string(), chosen: z.enum(['by validation', 'by hand']) })
    .nullable()
    .default(null),
  recipe: recipeSchema,
  seed: z.int().min(0),
  split: z.strictObject({
    /** SHA-256 of patches, split and recipe, as planned. */
    hash: sha256,
    patientsKnown: z.boolean(),
    patients: z.strictObject({ train: count, validation: count, test: count }),
    classes: z.array(
      z.strictObject({ name: z.string(), train: count, validation: count, test: count, patients: count }),
    ),
    slides: count,
  }),
  /** Which labelled patches of slides were learned from; null for loose pictures and in models that do not say it. */
  selection: z
    .strictObject({
      rule: patchRuleSchema,
      /** Where tissue began on each slide that was set by hand or not (threshold null: automatic). */
      tissue: z.array(
        z.strictObject({ fingerprint: z.string(), threshold: z.int().nullable(), penIsTissue: z.boolean() }),
      ),
      leftOut: z.strictObject({ pen: count, blurred: count }),
    })
    .nullable()
    .default(null),
  metrics: z.strictObject({ validation: evaluationSchema.nullable(), test: evaluationSchema.nullable() }),
  engine: z.strictObject({
    id: z.string(),
    device: z.string(),
    threads: count,
    /** Largest relative difference of a gradient from the reference backend's; null in models that do not say it. */
    gradientError: z.number().min(0).nullable().default(null),
    /** Pictures that learned at once, where the engine's memory had no room for more. */
    mostAtOnce: z.number().int().min(1).optional(),
  }),
  /** Name -> version of what made the model; `eosin` is always there. */
  versions: z.record(z.string(), z.string()),
  researchUseOnly: z.literal(researchUseOnly),
  /** Largest difference of a probability between model.onnx and the layers model, checked at save. */
  parity: z.number().min(0),
  files: z.array(z.strictObject({ name: fileNameSchema, bytes: count, sha256 })).min(1),
});

export type Passport = z.output<typeof passportSchema>;
/** What the writer of a model folder is given: it lists and hashes the files itself. */
export type PassportDraft = Omit<Passport, 'files' | 'schemaVersion' | 'researchUseOnly'>;
