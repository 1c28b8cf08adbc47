/** A model runs only where its passport allows. Pure, so that every host and the renderer's words agree. */
import { EosinError } from '../core/errors.ts';
import { downsampleFor } from '../core/pyramid.ts';
import type { ColourMode, IccProfile } from '../core/slide.ts';

/** What of a passport decides. */
export interface ModelScale {
  readonly name: string;
  /** Null: unknown. */
  readonly mpp: number | null;
  readonly stains: readonly string[];
  readonly recipe: { readonly input: { readonly colour: ColourMode } };
}

/** What of a slide decides. */
export interface SlideScale {
  /** µm per level-0 px; null: nobody knows. */
  readonly mpp: number | null;
  /** Empty: nobody knows. */
  readonly stain: string;
  readonly icc: IccProfile | null;
}

/** What a person decided by hand; stored with the prediction. */
export interface FitOverride {
  /** µm per px that the model is to be taken for, where its passport says 'unknown'. */
  readonly modelMpp?: number;
  /** Run although the slide's stain is none of the model's. */
  readonly anyStain?: boolean;
  /** Take the slide's colours as scanned where the model wants them through a profile that the slide does not have. */
  readonly anyColour?: boolean;
}

export interface ModelFit {
  /** Level-0 px per px of the model's grid; never below 1: nothing is made finer than it was scanned. */
  readonly downsample: number;
  /** The mpp of the grid that is then read. */
  readonly mpp: number;
  /** How the slide's colours are read: as the model learned them. */
  readonly colour: ColourMode;
  /** Said beside the result and logged with the run. */
  readonly warnings: readonly string[];
}

/** A slide may be this much coarser than the model. */
export const coarserLimit = 1.2;

/**
 * May this model look at this slide? Throws `model/unknown-mpp`, `model/unknown-model-mpp`, `model/too-coarse`, `model/wrong-stain`,
 * `model/no-profile`.
 */
export function checkModelFits(model: ModelScale, slide: SlideScale, override: FitOverride = {}): ModelFit {
  const { mpp: slideMpp, stain } = slide;
  if (slideMpp === null || !(slideMpp > 0)) {
    throw new EosinError('model/unknown-mpp', 'input', 'The slide does not say how many µm one pixel is.', {
      remedy:
        'Set its µm per pixel by hand (slide properties, or --slide-mpp on the command line), then predict again.',
      fields: { model: model.name },
    });
  }
  const { mpp: modelMpp, warnings } = modelMppOf(model, override);
  const ratio = slideMpp / modelMpp;
  // The tolerance lets 0.6 / 0.5 pass as exactly 20 %.
  if (ratio > coarserLimit * (1 + 1e-9)) {
    const percent = Math.round((ratio - 1) * 100);
    throw new EosinError(
      'model/too-coarse',
      'input',
      `The slide has ${slideMpp} µm per px, ${percent} % coarser than the model's ${modelMpp}; at most 20 % is allowed.`,
      {
        remedy: 'Use a scan at higher magnification, or a model that was trained at this magnification.',
        fields: { model: model.name, slideMpp, modelMpp },
      },
    );
  }
  if (ratio > 1.02) {
    warnings.push(
      `The slide is ${Math.round((ratio - 1) * 100)} % coarser than the model's patches; it is read as it is.`,
    );
  }
  warnings.push(...checkStain(model, stain, override));
  const colour = colourFor(model, slide, override);
  if (colour !== model.recipe.input.colour)
    warnings.push(
      'The slide has no colour profile that the model could see it through; its colours are as scanned, allowed by hand.',
    );
  const downsample = Math.max(1, downsampleFor(slideMpp, modelMpp));
  return { downsample, mpp: slideMpp * downsample, colour, warnings };
}

/** The scale that a model works at, and what must be said of it. Throws `model/unknown-model-mpp`. */
export function modelMppOf(
  { name, mpp }: Pick<ModelScale, 'name' | 'mpp'>,
  { modelMpp }: { readonly modelMpp?: number | undefined },
): { readonly mpp: number; readonly warnings: string[] } {
  if (mpp !== null) {
    const unused = modelMpp !== undefined && modelMpp !== mpp;
    return {
      mpp,
      warnings: unused
        ? [`The model says ${mpp} µm per px by itself; the ${modelMpp} given by hand are not used.`]
        : [],
    };
  }
  if (modelMpp !== undefined && modelMpp > 0)
    return { mpp: modelMpp, warnings: [`The model's µm per px was set by hand to ${modelMpp}.`] };
  throw new EosinError(
    'model/unknown-model-mpp',
    'input',
    `The model ${name} was trained on patches of unknown µm per pixel, so no slide can be brought to its scale.`,
    {
      remedy:
        'Say it by hand on the command line (--model-mpp F), or train the model again with train-patches --mpp F.',
      fields: { model: name },
    },
  );
}

function checkStain(model: ModelScale, stain: string, override: FitOverride): string[] {
  const known = model.stains.map(plain).filter((name) => name !== '');
  if (plain(stain) === '' || known.length === 0 || known.includes(plain(stain))) return [];
  if (override.anyStain)
    return [`The slide's stain (${stain}) is none that the model was trained on; allowed by hand.`];
  throw new EosinError(
    'model/wrong-stain',
    'input',
    `The slide is stained ${stain}; the model was trained on ${model.stains.join(', ')}.`,
    {
      remedy:
        'Use a model for this stain, correct the stain of the slide if it is written down wrongly, or allow it on the command line (--any-stain).',
      fields: { model: model.name, stain },
    },
  );
}

/** Throws `model/no-profile`. */
function colourFor({ name, recipe }: ModelScale, { icc }: SlideScale, { anyColour }: FitOverride): ColourMode {
  const { colour } = recipe.input;
  if (colour === 'stored' || icc) return colour;
  if (anyColour) return 'stored';
  throw new EosinError(
    'model/no-profile',
    'input',
    `The model ${name} sees colours through the slide's ICC profile; this slide has none that can be used.`,
    {
      remedy:
        'Use a scan with its profile, or a model trained on colours as scanned, or allow it on the command line (--any-colour).',
      fields: { model: name },
    },
  );
}

/** `H&E`, `h & e` and `HE` are one stain. */
function plain(stain: string): string {
  return stain.toLowerCase().replace(/[^a-z0-9]/g, '');
}
