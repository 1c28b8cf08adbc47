/** The steps of a run: the recipe's phases, then the rungs that its ladder stands for. */
import type { Recipe } from '../core/recipe.ts';
import type { Phase } from '../core/recipe-phase.ts';
import type { FitRequest } from './fit.ts';

/** A phase whose depth is a number of groups of this network. */
type RunPhase = Phase & { readonly unfreeze: number };

/** A phase as it is run; `strict` ones need more than one standard error to be kept. */
export interface Step {
  readonly phase: RunPhase;
  readonly index: number;
  readonly strict: boolean;
  readonly rateSetting: FitRequest['rateSetting'];
}

/** The phases of the recipe, then the rungs of its ladder. */
export function stepsOf(recipe: Recipe, groups: readonly string[]): Step[] {
  const all = [...phasesOf(recipe, groups.length), ...rungsOf(recipe, groups)];
  return all.map((step, index) => ({ ...step, index }));
}

/** Depths whose activations are filled together: those of phases, not of rungs, which may never be reached. */
export function plannedDepths(steps: readonly Step[]): number[] {
  return steps.filter(({ strict }) => !strict).map(({ phase }) => phase.unfreeze);
}

function phasesOf({ phases }: Recipe, groupCount: number): Omit<Step, 'index'>[] {
  return phases.map((phase) => {
    const rateSetting = { key: `phases.${phase.name}.learningRate`, value: phase.learningRate };
    const unfreeze = phase.unfreeze === 'all' ? groupCount : phase.unfreeze;
    return { phase: { ...phase, unfreeze }, strict: false, rateSetting };
  });
}

/** The rungs that the recipe's ladder stands for: one group more each, at a rate that falls from rung to rung. */
function rungsOf({ ladder }: Recipe, groups: readonly string[]): Omit<Step, 'index'>[] {
  if (!ladder) return [];
  return Array.from({ length: Math.min(ladder.groups, groups.length) }, (_, k) => {
    const phase: RunPhase = {
      name: `rung-${k + 1}-${groups.at(-1 - k)}`,
      unfreeze: k + 1,
      epochs: ladder.epochs,
      learningRate: ladder.learningRate * ladder.rateDecay ** k,
      schedule: { kind: 'constant', warmUpSteps: 0 },
      layerDecay: 1,
      stop: { monitor: 'val-loss', minDelta: 0, patience: ladder.patience, warmUp: 0, restoreBest: true },
    };
    return { phase, strict: true, rateSetting: { key: 'ladder.learningRate', value: ladder.learningRate } };
  });
}
