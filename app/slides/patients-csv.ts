/**
 * Slides and their patients as a table, out to a spreadsheet and back.
 *
 *     slide,patient,stain,scanner,mpp          one row a slide; mpp in µm/px
 */
import { EosinError, reportOf } from '../core/errors.ts';
import type { SlideView } from '../core/project.ts';
import { meanMpp } from '../core/pyramid.ts';
import { formatCsv, parseCsv } from './csv.ts';
import type { SlidePatch, SlideStore } from './slide-store.ts';

const columns = ['slide', 'patient', 'stain', 'scanner', 'mpp'] as const;

export interface SlidesCsvReport {
  /** Slides that the table changed. */
  readonly changed: number;
  /** A sentence for each row that was not taken. */
  readonly refused: string[];
}

/** A slide whose name another one has too stands there by its id. */
export function exportSlidesCsv(slides: SlideStore): string {
  const all = slides.list();
  const seen = new Map<string, number>();
  for (const { name } of all) seen.set(name, (seen.get(name) ?? 0) + 1);
  const rows = all.map((slide) => [
    seen.get(slide.name) === 1 ? slide.name : slide.id,
    slide.patient,
    slide.stain,
    slide.scanner,
    formatMpp(slide),
  ]);
  return formatCsv([columns, ...rows]);
}

/**
 * Takes patient, stain, scanner and mpp from a table whose first row names its columns, in any order; columns that are
 * absent stay as they are. Slides are found by name or id. Rows that cannot be taken are said; the others are stored
 * together. Throws `csv/columns` without a slide column.
 */
export function importSlidesCsv(slides: SlideStore, csv: string): SlidesCsvReport {
  const [head = [], ...rows] = parseCsv(csv);
  const names = head.map((name) => name.trim().toLowerCase());
  const slideColumn = names.indexOf('slide');
  if (slideColumn < 0 || !names.some((name) => name !== 'slide' && (columns as readonly string[]).includes(name))) {
    throw new EosinError('csv/columns', 'input', 'The table does not have the columns of a slides table.', {
      remedy: `Name its columns in the first line: ${columns.join(',')}`,
      fields: { found: head.join(',').slice(0, 200) },
    });
  }
  const refused: string[] = [];
  const patches = new Map<string, SlidePatch>();
  rows.forEach((row, i) => {
    try {
      const slide = slides.find((row[slideColumn] ?? '').trim());
      if (patches.has(slide.id)) throw twice(slide.name);
      patches.set(
        slide.id,
        patchOf(slide, (name) => row[names.indexOf(name)]),
      );
    } catch (thrown) {
      refused.push(`Row ${i + 2}: ${reportOf(thrown).message}`);
    }
  });
  const before = new Map(slides.list().map((slide) => [slide.id, factsOf(slide)]));
  const after = slides.updateMany([...patches].map(([id, patch]) => ({ id, patch })));
  return { changed: after.filter((slide) => factsOf(slide) !== before.get(slide.id)).length, refused };
}

function patchOf(slide: SlideView, cell: (name: string) => string | undefined): SlidePatch {
  const patch = { patient: cell('patient'), stain: cell('stain'), scanner: cell('scanner') };
  for (const value of Object.values(patch)) if (value !== undefined && !isPlain(value)) throw notPlain();
  if (patch.patient?.trim().startsWith('slide:')) throw notPlain();
  const mpp = cell('mpp')?.trim();
  // What the export wrote is not a value set by hand: the file's own, which can differ by axis, stays.
  if (mpp === undefined || mpp === formatMpp(slide)) return patch;
  if (mpp === '') return { ...patch, mpp: null };
  const value = Number(mpp.replace(',', '.'));
  if (!(value >= 0.01 && value <= 100)) {
    throw new EosinError('csv/mpp', 'input', `${mpp} is not a pixel size between 0.01 and 100 µm.`, {
      remedy: 'Give µm per pixel, such as 0.25.',
    });
  }
  return { ...patch, mpp: { x: value, y: value } };
}

function formatMpp({ mpp }: SlideView): string {
  return mpp ? String(Number(meanMpp(mpp).toPrecision(6))) : '';
}

function factsOf({ patient, stain, scanner, mpp, mppSource }: SlideView): string {
  return JSON.stringify([patient, stain, scanner, mpp, mppSource]);
}

/** As the slide store takes it. */
function isPlain(value: string): boolean {
  return value.length <= 500 && !/\p{Cc}/u.test(value.trim());
}

function notPlain(): EosinError {
  return new EosinError('csv/value', 'input', 'A value is too long, has control characters or begins with `slide:`.', {
    remedy: 'Correct it in the table.',
  });
}

function twice(name: string): EosinError {
  return new EosinError('csv/twice', 'input', `${name} has two rows.`, { remedy: 'Leave one.' });
}
