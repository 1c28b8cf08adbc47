/** The training plan of a project: regions become patches, patients keep their part of the split. */
import type { RegionClass } from '../core/annotation.ts';
import {
  type FlagCount,
  isBlurred,
  isLeftOut,
  isPenned,
  type PatchRule,
  type QualitySummary,
} from '../core/patch-quality.ts';
import type { PatientPart, SplitPart } from '../core/project.ts';
import type { Recipe } from '../core/recipe.ts';
import { assertNoLeak } from '../patches/leak.ts';
import { capPerClass } from '../patches/sampling.ts';
import { describeSplitWarnings, splitPatients } from '../patches/split.ts';
import type { Project } from '../project.ts';
import type { SlidePatches } from './cut-store.ts';
import { byDefault, type Candidate, labelledPatches, type PatchLook, type PlanSources } from './labelled-patches.ts';
import { leastTissue } from './least-tissue.ts';
import { assertTrainable, contextOf, hashPlan, summarise, type TrainPlan } from './train-plan.ts';

/** Plans a training run, and stores the parts of patients that had none yet. Throws plan/... when there is nothing to learn from. */
export async function planProject(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  signal: AbortSignal,
  look: PatchLook = byDefault,
): Promise<TrainPlan> {
  const plan = await planLabelled(project, sources, recipe, signal, look);
  assertTrainable(plan.summary);
  return plan;
}

/**
 * Plans a cross-validation: all labelled patches together, for `foldPlans` to deal. The project's split is neither asked nor
 * filled, and the recipe's cap a class holds in each of `folds` folds. Throws plan/... when there is nothing to learn from.
 */
export async function planPooled(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  folds: number,
  signal: AbortSignal,
  look: PatchLook = byDefault,
): Promise<TrainPlan> {
  const cap = recipe.capPerClass && recipe.capPerClass * folds;
  return await planParts(project, sources, recipe, signal, look, { assign: togetherInTrain, cap });
}

/** All labelled patches with their part of the split, whether or not a network could learn from them. */
export async function planLabelled(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  signal: AbortSignal,
  look: PatchLook = byDefault,
): Promise<TrainPlan> {
  return await planParts(project, sources, recipe, signal, look, { assign: assignParts, cap: recipe.capPerClass });
}

/** Who stands in which part, and how many patches a class each part may have. */
interface Parts {
  assign(project: Project, candidates: readonly Candidate[]): Assigned;
  readonly cap: number | null;
}

interface Assigned {
  readonly parts: readonly Pick<PatientPart, 'patient' | 'part'>[];
  readonly splitWarnings: readonly string[];
}

async function planParts(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  signal: AbortSignal,
  look: PatchLook,
  { assign, cap }: Parts,
): Promise<TrainPlan> {
  const { candidates: all, mpp, warnings } = await labelledPatches(project, sources, recipe, signal, look);
  const quality = qualityOf(project, all, look.rule);
  const candidates = all.filter((patch) => !isLeftOut(patch, look.rule));
  warnings.push(...leftOutWarnings(quality, candidates.length));
  const { parts, splitWarnings } = assign(project, candidates);
  warnings.push(...splitWarnings);
  const partOf = new Map(parts.map(({ patient, part }) => [patient, part]));
  const present = classesToLearn(project.classes.list(), candidates, partOf, warnings);
  const classIndexOf = new Map(present.map(({ id }, index) => [id, index]));
  const chosen = capped(
    candidates.flatMap((candidate) => {
      const classIndex = classIndexOf.get(candidate.classId);
      const part = partOf.get(candidate.patient);
      return classIndex === undefined || part === undefined ? [] : [{ ...candidate, classIndex, part }];
    }),
    cap,
    recipe.seed,
  );
  assertNoLeak(chosen);
  const slides = [...new Set(chosen.map(({ slideId }) => slideId))].map((id) => project.slides.get(id));
  const draft = {
    recipe,
    classes: present.map(({ name, colour }) => ({ name, colour })),
    patches: chosen.map(({ classIndex, patient, region, part }, index) => ({
      index,
      classIndex,
      patient,
      region,
      part,
    })),
    pixels: { kind: 'slides' as const, slides: slides.map(({ id }) => patchesOn(project, id, recipe, chosen)) },
    contextPx: contextOf(recipe),
    mpp,
    stains: [...new Set(slides.map(({ stain }) => stain).filter(Boolean))],
    learnsGlass: learnsGlass(chosen),
    patientsKnown: slides.every(({ patient }) => patient !== ''),
    selection: {
      rule: look.rule,
      tissue: slides.map(({ info, tissue }) => ({ fingerprint: info.fingerprint, ...tissue })),
      leftOut: quality.leftOut,
    },
  };
  const summary = { ...summarise(draft, slides.length, warnings), quality };
  return { ...draft, summary, planHash: hashPlan(draft) };
}

/** What is flagged, a class and slide, and how much of it is left out. */
function qualityOf(project: Project, all: readonly Candidate[], rule: PatchRule): QualitySummary {
  const rows = new Map<string, { -readonly [K in keyof FlagCount]: FlagCount[K] }>();
  for (const patch of all) {
    const key = `${patch.classId} ${patch.slideId}`;
    let row = rows.get(key);
    if (!row) {
      const className = project.classes.get(patch.classId).name;
      row = { className, slide: project.slides.get(patch.slideId).name, patches: 0, pen: 0, blurred: 0, unmeasured: 0 };
      rows.set(key, row);
    }
    row.patches++;
    if (isPenned(patch, rule)) row.pen++;
    if (isBlurred(patch, rule)) row.blurred++;
    if (patch.focus === null) row.unmeasured++;
  }
  const out = all.filter((patch) => isLeftOut(patch, rule));
  const pen = rule.leaveOutPen ? out.filter((patch) => isPenned(patch, rule)).length : 0;
  return { rule, leftOut: { pen, blurred: out.length - pen }, flags: [...rows.values()] };
}

function leftOutWarnings({ leftOut, rule }: QualitySummary, kept: number): string[] {
  const of = kept + leftOut.pen + leftOut.blurred;
  const share = (rule.maxPen * 100).toFixed(0);
  return [
    ...(leftOut.pen > 0
      ? [`${leftOut.pen} of ${of} labelled patches were left out: more than ${share} % is pen.`]
      : []),
    ...(leftOut.blurred > 0
      ? [`${leftOut.blurred} of ${of} labelled patches were left out: out of focus (score below ${rule.minFocus}).`]
      : []),
  ];
}

/** True when most training patches of some class are bare glass: a model of it must see glass when it predicts. */
function learnsGlass(chosen: readonly (Candidate & { classIndex: number; part: SplitPart })[]): boolean {
  const training = chosen.filter(({ part }) => part === 'train');
  return [...new Set(training.map(({ classIndex }) => classIndex))].some((classIndex) => {
    const own = training.filter((patch) => patch.classIndex === classIndex);
    return own.filter(({ tissue }) => tissue < leastTissue).length > own.length / 2;
  });
}

function patchesOn(project: Project, slideId: string, recipe: Recipe, chosen: readonly Candidate[]): SlidePatches {
  const patches = chosen.flatMap((candidate, index) =>
    candidate.slideId === slideId ? [{ ...candidate, index }] : [],
  );
  const slide = { ...project.slides.source(slideId), colour: recipe.input.colour };
  return { slide, downsample: patches[0]!.downsample, patches };
}

function assignParts(project: Project, candidates: readonly Candidate[]): Assigned {
  const classesOf = new Map<string, Set<string>>();
  for (const { patient, classId } of candidates) {
    const classes = classesOf.get(patient) ?? new Set<string>();
    classesOf.set(patient, classes.add(classId));
  }
  const patients = [...classesOf].map(([patient, classes]) => ({ patient, classes: [...classes] }));
  const existing = project.split.get();
  const split = splitPatients(patients, existing, project.id);
  const known = new Set(existing.map(({ patient }) => patient));
  project.split.assign(split.parts.filter(({ patient }) => !known.has(patient)));
  const nameOf = (id: string): string => project.classes.get(id).name;
  return {
    parts: split.parts,
    splitWarnings: describeSplitWarnings(split.warnings, nameOf),
  };
}

function togetherInTrain(_: Project, candidates: readonly Candidate[]): Assigned {
  const patients = new Set(candidates.map(({ patient }) => patient));
  return { parts: [...patients].map((patient) => ({ patient, part: 'train' as const })), splitWarnings: [] };
}

/** Classes with training patches, in the project's order; those without are said and left out. */
function classesToLearn(
  all: readonly RegionClass[],
  candidates: readonly Candidate[],
  partOf: ReadonlyMap<string, SplitPart>,
  warnings: string[],
): RegionClass[] {
  const trained = new Set(
    candidates.filter(({ patient }) => partOf.get(patient) === 'train').map(({ classId }) => classId),
  );
  const labelled = new Set(candidates.map(({ classId }) => classId));
  for (const { id, name } of all) {
    if (labelled.has(id) && !trained.has(id))
      warnings.push(`${name} was left out: no patient of the train part has it.`);
  }
  return all.filter(({ id, role }) => role === 'class' && trained.has(id));
}

/** The cap holds in each part by itself, so that a large test slide does not drown the others. */
function capped<T extends { classIndex: number; patient: string; region: string; part: SplitPart }>(
  patches: readonly T[],
  cap: number | null,
  seed: number,
): T[] {
  return (['train', 'validation', 'test'] as const).flatMap((part) => {
    const own = patches.filter((patch) => patch.part === part);
    return [...capPerClass(own, cap, seed)].map((position) => own[position]!);
  });
}
