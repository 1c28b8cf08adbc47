/** The labelled patches of a project: regions become patches, each with the ink over it and its focus. */
import { EosinError } from '../core/errors.ts';
import { defaultPatchRule, type PatchQuality, type PatchRule } from '../core/patch-quality.ts';
import type { SlideView } from '../core/project.ts';
import { downsampleFor, meanMpp } from '../core/pyramid.ts';
import type { Recipe } from '../core/recipe.ts';
import { penShare } from '../core/tissue-map.ts';
import { coarserLimit } from '../passports/guards.ts';
import { patchGrid } from '../patches/grid.ts';
import { labelPatches } from '../patches/label-patches.ts';
import type { Project } from '../project.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import { patientKey } from '../slides/slide-store.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import { keyOfCorner, knownFocus, measureFocus } from './patch-focus.ts';

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

export const byDefault: PatchLook = { rule: defaultPatchRule };

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
