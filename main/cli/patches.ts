/** Cuts a grid of patches, with labels where annotations are given. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readQupathGeoJson } from '../../app/annotations/qupath-geojson.ts';
import { EosinError } from '../../app/core/errors.ts';
import { createEta } from '../../app/core/progress.ts';
import { downsampleFor, meanMpp } from '../../app/core/pyramid.ts';
import { tissueShare } from '../../app/core/slide.ts';
import { writeWhole } from '../../app/files/write-whole.ts';
import { type PatchGrid, patchBox, patchGrid } from '../../app/patches/grid.ts';
import { labelPatches } from '../../app/patches/label-patches.ts';
import { number, requiredText, text, word } from './arguments.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';

interface CutPatch {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly tissue: number;
}

export const patches: Command = {
  name: 'patches',
  usage: 'SLIDE --out DIR [--size 224] [--mpp 0.5] [--annotations FILE.geojson] [--overlap 0] [--tissue 0.5]',
  summary: 'Cuts a grid of patches as PNG; with annotations only those that get a class. patches.csv lists them.',
  flags: Object.fromEntries(
    ['out', 'size', 'mpp', 'annotations', 'overlap', 'tissue'].map((name) => [name, { type: 'string' as const }]),
  ),
  async run({ words, flags, terminal, app, signal }) {
    const { pool } = (await app()).services;
    const slidePath = path.resolve(word(words, 0, 'SLIDE'));
    const folder = path.resolve(requiredText(flags, 'out'));
    const sizePx = number(flags, 'size') ?? 224;
    const slide = await pool.describe(slidePath, signal);
    if (!slide.mpp) {
      throw new EosinError('slide/unknown-mpp', 'input', 'The slide does not say its µm/px.', {
        remedy: 'Add it to a project and set the µm/px by hand.',
      });
    }
    const downsample = downsampleFor(meanMpp(slide.mpp), number(flags, 'mpp') ?? 0.5);
    const stridePx = sizePx - (number(flags, 'overlap') ?? 0);
    const grid = patchGrid({
      widthPx: slide.widthPx,
      heightPx: slide.heightPx,
      downsample,
      sizePx,
      stridePx,
      cover: 'inside',
    });
    const mask = await pool.tissueMask(slidePath, signal);
    const annotationFile = text(flags, 'annotations');
    const least = number(flags, 'tissue') ?? 0.5;
    const cut = annotationFile
      ? await labelled(grid, mask, annotationFile)
      : unlabelled(grid, (x, y) => tissueShare(mask, { x, y, width: grid.side, height: grid.side }), least);
    const eta = createEta();
    const lines = ['file,x,y,label,tissue'];
    for (const [i, patch] of cut.entries()) {
      signal.throwIfAborted();
      const name = path.join(
        patch.label,
        `${path.parse(slidePath).name}_${Math.round(patch.x)}_${Math.round(patch.y)}.png`,
      );
      await mkdir(path.join(folder, patch.label), { recursive: true });
      const request = { x: patch.x, y: patch.y, widthPx: sizePx, heightPx: sizePx, downsample };
      await writeWhole(path.join(folder, name), await pool.regionPng(slidePath, request, signal));
      lines.push([name, patch.x, patch.y, patch.label, patch.tissue.toFixed(3)].join(','));
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
    await writeWhole(path.join(folder, 'patches.csv'), `${lines.join('\n')}\n`);
    const counts: Record<string, number> = {};
    for (const { label } of cut) counts[label || 'unlabelled'] = (counts[label || 'unlabelled'] ?? 0) + 1;
    terminal.result({ patches: cut.length, classes: counts });
    if (!terminal.json)
      terminal.say(
        table(
          ['Class', 'patches'],
          Object.entries(counts).map(([name, count]) => [name, String(count)]),
        ),
      );
  },
};

async function labelled(grid: PatchGrid, mask: Parameters<typeof labelPatches>[3], file: string): Promise<CutPatch[]> {
  const { regions } = readQupathGeoJson(await readFile(file));
  const names = [...new Set(regions.flatMap(({ className }) => (className === null ? [] : [className])))];
  const classes = names.map((name) => ({
    id: name,
    role: /^ignore/i.test(name) ? ('ignore' as const) : ('class' as const),
  }));
  const annotations = regions.map(({ className, geometry }) => ({ id: randomUUID(), classId: className, geometry }));
  return labelPatches(grid, annotations, classes, mask).map(({ x, y, classId, tissue }) => ({
    x,
    y,
    label: classId,
    tissue,
  }));
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
