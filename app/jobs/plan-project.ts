/** The training plan of a project: regions become patches, patients keep their part of the split. */
import type { RegionClass } from '../core/annotation.ts';
import { EosinError } from '../core/errors.ts';
import {
  defaultPatchRule,
  type FlagCount,
  isBlurred,
  isLeftOut,
  isPenned,
  type PatchQuality,
  type PatchRule,
  type QualitySummary,
} from '../core/patch-quality.ts';
import type { SlideView, SplitPart } from '../core/project.ts';
import { downsampleFor, meanMpp } from '../core/pyramid.ts';
import type { Recipe } from '../core/recipe.ts';
import { penShare } from '../core/tissue-map.ts';
import { coarserLimit } from '../passports/guards.ts';
import { patchGrid } from '../patches/grid.ts';
import { labelPatches } from '../patches/label-patches.ts';
import { assertNoLeak } from '../patches/leak.ts';
import { capPerClass } from '../patches/sampling.ts';
import { describeSplitWarnings, splitPatients } from '../patches/split.ts';
import type { Project } from '../project.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import { patientKey } from '../slides/slide-store.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import type { SlidePatches } from './cut-store.ts';
import { leastTissue } from './least-tissue.ts';
import { keyOfCorner, knownFocus, measureFocus } from './patch-focus.ts';
import { assertTrainable, contextOf, hashPlan, summarise, type TrainPlan } from './train-plan.ts';

/** Where a plan looks at slides. */
export interface PlanSources {
  readonly masks: TissueMasks;
  readonly pool: SlidePool;
}

/** How a plan judges patches. */
export interface PatchLook {
  readonly rule: PatchRule;
  /** Measures the focus of all; else only where the rule needs it. */
  readonly measure?: boolean;
  readonly onMeasured?: (done: number, total: number) => void;
}

const byDefault: PatchLook = { rule: defaultPatchRule };

/** A labelled patch of the project before the plan gives it its place. */
export interface Candidate extends PatchQuality {
  readonly slideId: string;
  readonly x: number;
  readonly y: number;
  readonly classId: string;
  readonly patient: string;
  readonly region: string;
  readonly downsample: number;
  /** Share of the patch that is tissue, 0..1. */
  readonly tissue: number;
}

type Found = Omit<Candidate, keyof PatchQuality>;

/** Every patch that the regions of the project's slides give at the recipe's size and mpp. */
export async function labelledPatches(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  signal: AbortSignal,
  look: PatchLook = byDefault,
): Promise<{ candidates: Candidate[]; mpp: number; warnings: string[] }> {
  const { usable, warnings } = usableSlides(project, recipe);
  const mpp = recipe.input.mpp ?? Math.max(...usable.map((slide) => meanMpp(slide.mpp!)));
  const classes = project.classes.list();
  const found: Found[] = [];
  for (const slide of usable) {
    signal.throwIfAborted();
    const wanted = downsampleFor(meanMpp(slide.mpp!), mpp);
    if (wanted * coarserLimit < 1 - 1e-9) {
      warnings.push(`${slide.name} is more than 20 % coarser than ${mpp} µm/px and was left out.`);
      continue;
    }
    // As in prediction: a slightly coarser slide is read as it is.
    const downsample = Math.max(1, wanted);
    const { widthPx, heightPx } = slide.info;
    const grid = patchGrid({ widthPx, heightPx, downsample, sizePx: recipe.input.sizePx, cover: 'inside' });
    const mask = await sources.masks.get(project.slides.source(slide.id), slide.tissue, signal);
    const annotations = project.annotations.list(slide.id);
    for (const { x, y, classId, regionId, tissue } of labelPatches(grid, annotations, classes, mask)) {
      const patient = patientKey(slide);
      found.push({ slideId: slide.id, x, y, classId, patient, region: regionId, downsample, tissue });
    }
  }
  const candidates = await judged(project, sources, recipe.input.sizePx, found, look, signal);
  return { candidates, mpp, warnings };
}

/** With the ink over each patch, and its focus as far as it is known or wanted. */
async function judged(
  project: Project,
  { masks, pool }: PlanSources,
  sizePx: number,
  found: readonly Found[],
  { rule, measure = rule.leaveOutBlurred, onMeasured }: PatchLook,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const out: Candidate[] = [];
  let done = 0;
  for (const id of new Set(found.map(({ slideId }) => slideId))) {
    const own = found.filter(({ slideId }) => slideId === id);
    const slide = project.slides.get(id);
    const source = project.slides.source(id);
    const map = await masks.map(source, signal);
    const { downsample } = own[0]!;
    const target = { ...source, sizePx, downsample };
    const count = (patches: number): void => {
      done += patches;
      onMeasured?.(done, found.length);
    };
    const { cache } = project.folders;
    const focus = measure
      ? await measureFocus(pool, cache, target, own, count, signal)
      : await knownFocus(cache, target);
    const side = sizePx * downsample;
    for (const patch of own) {
      const pen = penShare(map, { x: patch.x, y: patch.y, width: side, height: side }, slide.tissue);
      out.push({ ...patch, pen, focus: focus.get(keyOfCorner(patch)) ?? null });
    }
  }
  return out;
}

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

/** All labelled patches with their part of the split, whether or not a network could learn from them. */
export async function planLabelled(
  project: Project,
  sources: PlanSources,
  recipe: Recipe,
  signal: AbortSignal,
  look: PatchLook = byDefault,
): Promise<TrainPlan> {
  const { candidates: all, mpp, warnings } = await labelledPatches(project, sources, recipe, signal, look);
  const quality = qualityOf(project, all, look.rule);
  const candidates = all.filter((patch) => !isLeftOut(patch, look.rule));
  warnings.push(...leftOutWarnings(quality, candidates.length));
  const { parts, splitWarnings } = assignParts(project, candidates);
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
    recipe,
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

/** Slides that can give patches, and a sentence for each that cannot. */
function usableSlides(project: Project, recipe: Recipe): { usable: SlideView[]; warnings: string[] } {
  const warnings: string[] = [];
  const usable: SlideView[] = [];
  let unnamed = 0;
  for (const slide of project.slides.list()) {
    if (slide.regions === 0) continue;
    if (slide.status !== 'ready') warnings.push(`${slide.name} was left out: its file is ${slide.status}.`);
    else if (slide.mpp === null) warnings.push(`${slide.name} was left out: its µm/px are unknown. Set them by hand.`);
    else if (recipe.input.colour === 'srgb' && !slide.info.icc)
      warnings.push(`${slide.name} was left out: it has no colour profile that the recipe’s colours could go through.`);
    else {
      usable.push(slide);
      if (slide.patient === '') unnamed++;
    }
  }
  if (usable.length === 0) {
    throw new EosinError('plan/no-regions', 'input', 'No slide of this project gives patches yet.', {
      remedy: warnings[0] ?? 'Open a slide and draw regions of at least two classes.',
      fields: { slides: project.slides.list().length },
    });
  }
  if (unnamed > 0) {
    warnings.push(
      `${unnamed} of ${usable.length} slides name no patient; each counts as a patient of its own, which may be wrong.`,
    );
  }
  return { usable, warnings };
}

function assignParts(project: Project, candidates: readonly Candidate[]) {
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
  recipe: Recipe,
): T[] {
  return (['train', 'validation', 'test'] as const).flatMap((part) => {
    const own = patches.filter((patch) => patch.part === part);
    return [...capPerClass(own, recipe.capPerClass, recipe.seed)].map((position) => own[position]!);
  });
}
