/** Cuts a grid of patches, with labels where annotations are given. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { checkGeometry } from '../../app/annotations/check-geometry.ts';
import { isIgnoreName } from '../../app/annotations/class-store.ts';
import { readQupathGeoJson } from '../../app/annotations/qupath-geojson.ts';
import { tissueWarnings } from '../../app/annotations/tissue-warnings.ts';
import { EosinError } from '../../app/core/errors.ts';
import { isBlurred, isLeftOut, isPenned } from '../../app/core/patch-quality.ts';
import { createEta } from '../../app/core/progress.ts';
import { downsampleFor, meanMpp } from '../../app/core/pyramid.ts';
import { type SlideInfo, type TissueMask, tissueShare } from '../../app/core/slide.ts';
import { penShare } from '../../app/core/tissue-map.ts';
import { readInput } from '../../app/files/read-input.ts';
import { writeWhole } from '../../app/files/write-whole.ts';
import { patchesPerCall } from '../../app/jobs/cut-store.ts';
import { type PatchGrid, patchBox, patchGrid } from '../../app/patches/grid.ts';
import { labelPatches } from '../../app/patches/label-patches.ts';
import { formatCsv } from '../../app/slides/csv.ts';
import type { SlidePool } from '../../app/slides/slide-pool.ts';
import { colourOf, number, positive, requiredText, sidePx, text, word, wrongUse } from './arguments.ts';
import { chosenPatchRule } from './chosen-patch-rule.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { thresholdOf } from './tissue.ts';

interface CutPatch {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly tissue: number;
}

export const patches: Command = {
  name: 'patches',
  usage:
    'SLIDE --out DIR [--size 224] [--mpp 0.5] [--slide-mpp F] [--annotations FILE.geojson] [--overlap 0] [--tissue 0.5] [--threshold 0..255] [--max-pen F] [--min-focus F] [--colour stored|srgb]',
  summary:
    'Cuts a grid of patches as PNG; with annotations only those that get a class. patches.csv lists them with focus and pen.',
  flags: Object.fromEntries(
    [
      'out',
      'size',
      'mpp',
      'slide-mpp',
      'annotations',
      'overlap',
      'tissue',
      'threshold',
      'max-pen',
      'min-focus',
      'colour',
    ].map((name) => [name, { type: 'string' as const }]),
  ),
  async run({ words, flags, terminal, app, signal }) {
    const { pool, masks } = (await app()).services;
    const slidePath = path.resolve(word(words, 0, 'SLIDE'));
    const source = { path: slidePath, colour: colourOf(flags) };
    const folder = path.resolve(requiredText(flags, 'out'));
    const sizePx = sidePx(flags, 'size', 8192) ?? 224;
    const overlapPx = number(flags, 'overlap') ?? 0;
    if (overlapPx < 0 || overlapPx >= sizePx) throw wrongUse('--overlap wants px from 0 to less than the size.');
    const least = number(flags, 'tissue') ?? 0.5;
    if (least < 0 || least > 1) throw wrongUse('--tissue wants a share from 0 to 1.');
    const rule = {
      ...chosenPatchRule(flags),
      leaveOutPen: flags['max-pen'] !== undefined,
      leaveOutBlurred: flags['min-focus'] !== undefined,
    };
    const slide = await pool.describe(source, signal);
    const slideMpp = positive(flags, 'slide-mpp') ?? (slide.mpp && meanMpp(slide.mpp));
    if (slideMpp === null) {
      throw new EosinError('slide/unknown-mpp', 'input', 'The slide does not say its µm/px.', {
        remedy: 'Say it by hand: --slide-mpp F.',
      });
    }
    const { widthPx, heightPx } = slide;
    const downsample = downsampleFor(slideMpp, positive(flags, 'mpp') ?? 0.5);
    const stridePx = sizePx - overlapPx;
    const grid = patchGrid({ widthPx, heightPx, downsample, sizePx, stridePx, cover: 'inside' });
    const choice = { threshold: thresholdOf(flags), penIsTissue: false };
    const map = await masks.map(slidePath, signal);
    const mask = await masks.get(slidePath, choice, signal);
    const annotationFile = text(flags, 'annotations');
    const found = annotationFile
      ? await labelled(grid, mask, annotationFile, slide, terminal)
      : unlabelled(grid, (x, y) => tissueShare(mask, { x, y, width: grid.side, height: grid.side }), least);
    const target = { sizePx, downsample };
    const focus = await focusOfAll(pool, slidePath, target, found, signal);
    const judged = found.map((patch, i) => ({
      ...patch,
      focus: focus[i]!,
      pen: penShare(map, { x: patch.x, y: patch.y, width: grid.side, height: grid.side }, choice),
    }));
    // Here nothing is left out unless it is asked for: patches.csv says what each patch is like.
    const cut = judged.filter((patch) => !isLeftOut(patch, rule));
    const eta = createEta();
    const rows = [['file', 'x', 'y', 'label', 'tissue', 'focus', 'pen']];
    for (const [i, patch] of cut.entries()) {
      signal.throwIfAborted();
      const at = `${Math.round(patch.x)}_${Math.round(patch.y)}`;
      const name = path.join(folderName(patch.label), `${path.parse(slidePath).name}_${at}.png`);
      const request = { x: patch.x, y: patch.y, widthPx: sizePx, heightPx: sizePx, downsample };
      await writeWhole(path.join(folder, name), await pool.regionPng(source, request, signal));
      rows.push([
        name,
        String(patch.x),
        String(patch.y),
        patch.label,
        patch.tissue.toFixed(3),
        patch.focus.toFixed(3),
        patch.pen.toFixed(3),
      ]);
      const done = i + 1;
      terminal.progress({
        type: 'progress',
        stage: 'Cut',
        done,
        total: cut.length,
        unit: 'patches',
        etaSeconds: eta.after(done, cut.length),
      });
    }
    await writeWhole(path.join(folder, 'patches.csv'), formatCsv(rows));
    const names = [...new Set(cut.map(({ label }) => label || 'unlabelled'))];
    const counted = names.map((name) => {
      const own = cut.filter(({ label }) => (label || 'unlabelled') === name);
      const count = (flagged: typeof isPenned): number => own.filter((patch) => flagged(patch, rule)).length;
      return { name, patches: own.length, pen: count(isPenned), blurred: count(isBlurred) };
    });
    const byClass = (key: 'patches' | 'pen' | 'blurred') =>
      Object.fromEntries(counted.map((one) => [one.name, one[key]]));
    terminal.result({
      patches: cut.length,
      classes: byClass('patches'),
      touchedByPen: byClass('pen'),
      outOfFocus: byClass('blurred'),
      leftOut: judged.length - cut.length,
      rule,
    });
    if (terminal.json) return;
    const rowsSaid = counted.map((one) => [one.name, String(one.patches), String(one.pen), String(one.blurred)]);
    terminal.say(table(['Class', 'patches', 'touched by pen', 'out of focus'], rowsSaid));
    if (cut.length < judged.length) terminal.say(`${judged.length - cut.length} of ${judged.length} were left out.`);
  },
};

/** Focus of each patch, many from one decoding. */
async function focusOfAll(
  pool: SlidePool,
  slidePath: string,
  { sizePx, downsample }: { sizePx: number; downsample: number },
  found: readonly CutPatch[],
  signal: AbortSignal,
): Promise<number[]> {
  const focus: number[] = [];
  for (let from = 0; from < found.length; from += patchesPerCall) {
    const patches = found.slice(from, from + patchesPerCall).map(({ x, y }) => ({ x, y, offset: 0 }));
    const request = { file: null, sizePx, downsample, patches, focusInsidePx: 0 };
    focus.push(...(await pool.cutPatches(slidePath, request, signal)));
  }
  return focus;
}

/** Throws `annotation/out-of-bounds` and what else makes a region unusable: the file belongs to another slide, most likely. */
async function labelled(
  grid: PatchGrid,
  mask: TissueMask,
  file: string,
  slide: SlideInfo,
  terminal: Terminal,
): Promise<CutPatch[]> {
  const { regions, refused, warnings } = readQupathGeoJson(await readInput(file));
  for (const { geometry } of regions) checkGeometry(geometry, slide);
  for (const line of [...refused, ...warnings, ...tissueWarnings(regions, mask)]) terminal.note(`Note: ${line}`);
  const names = [...new Set(regions.flatMap(({ className }) => (className === null ? [] : [className])))];
  const classes = names.map((name) => ({
    id: name,
    role: isIgnoreName(name) ? ('ignore' as const) : ('class' as const),
  }));
  const annotations = regions.map(({ className, geometry }) => ({ id: randomUUID(), classId: className, geometry }));
  return labelPatches(grid, annotations, classes, mask).map(({ x, y, classId, tissue }) => ({
    x,
    y,
    label: classId,
    tissue,
  }));
}

/** A class's folder; a name from a file must not lead out of the folder that the user gave. */
function folderName(label: string): string {
  return label.replaceAll(/[/\\:*?"<>|\p{Cc}]/gu, '_').replace(/^\.+/, '_');
}

function unlabelled(grid: PatchGrid, tissueAt: (x: number, y: number) => number, least: number): CutPatch[] {
  const cut: CutPatch[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const { x, y } = patchBox(grid, column, row);
      const tissue = tissueAt(x, y);
      if (tissue >= least) cut.push({ x, y, label: '', tissue });
    }
  }
  return cut;
}
