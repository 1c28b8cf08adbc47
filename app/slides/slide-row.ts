/** A slide as a row of the project: how it is shown, what of it is audited, and which values a person may give it. */
import { EosinError } from '../core/errors.ts';
import type { SlideView, SplitPart } from '../core/project.ts';
import type { Mpp } from '../core/pyramid.ts';
import { onePlane, type SlideInfo } from '../core/slide.ts';
import type { TissueChoice } from '../core/tissue-map.ts';
import { isSame, type Seen } from './slide-file.ts';

export interface SlideRow {
  id: string;
  name: string;
  path: string;
  fingerprint: string;
  patient: string;
  stain: string;
  scanner: string;
  mpp_x: number | null;
  mpp_y: number | null;
  mpp_source: 'file' | 'hand' | null;
  tissue_threshold: number | null;
  pen_is_tissue: 0 | 1;
  info: string;
  /** Size and time of the file when it was last found to be this slide. */
  bytes: number;
  modified_ms: number;
  /** The same of another file that stands in its place. */
  other_bytes: number | null;
  other_ms: number | null;
  added_at: string;
}

/** With what other tables know of the slide. */
export type ViewRow = SlideRow & { regions: number; part: SplitPart | null };

export function statusOf(row: SlideRow, seen: Seen | null): SlideView['status'] {
  if (!seen) return 'missing';
  return isSame(seen, row.other_bytes, row.other_ms) ? 'changed' : 'ready';
}

/** What was read of the file when it was added; what older versions of Eosin did not read is as if it were not there. */
export function infoOf(row: SlideRow): SlideInfo {
  const stored = JSON.parse(row.info) as Omit<SlideInfo, 'focalPlanes' | 'icc'> & Partial<SlideInfo>;
  return { focalPlanes: onePlane, icc: null, ...stored };
}

export function toView(row: ViewRow, status: SlideView['status']): SlideView {
  const { properties: _, ...info } = infoOf(row);
  return {
    id: row.id,
    name: row.name,
    patient: row.patient,
    stain: row.stain,
    scanner: row.scanner,
    mpp: row.mpp_x === null || row.mpp_y === null ? null : { x: row.mpp_x, y: row.mpp_y },
    mppSource: row.mpp_source,
    tissue: tissueOf(row),
    info,
    status,
    regions: row.regions,
    part: row.part,
  };
}

/** What of a slide a person can change, and where it lies. */
export function auditOf(row: SlideRow): Record<string, unknown> {
  const { name, path, fingerprint, patient, stain, scanner, mpp_x, mpp_y, mpp_source } = row;
  const tissue = { tissue_threshold: row.tissue_threshold, pen_is_tissue: row.pen_is_tissue };
  return { name, path, fingerprint, patient, stain, scanner, mpp_x, mpp_y, mpp_source, ...tissue };
}

type TissueColumns = Pick<SlideRow, 'tissue_threshold' | 'pen_is_tissue'>;

export function tissueOf({ tissue_threshold, pen_is_tissue }: TissueColumns): TissueChoice {
  return { threshold: tissue_threshold, penIsTissue: pen_is_tissue === 1 };
}

/** Throws `slide/bad-value`. */
export function tissueColumns({ threshold, penIsTissue }: TissueChoice): TissueColumns {
  if (threshold !== null && !(Number.isInteger(threshold) && threshold >= 0 && threshold <= 255))
    throw badValue('The tissue threshold must be a whole number from 0 to 255.');
  return { tissue_threshold: threshold, pen_is_tissue: penIsTissue ? 1 : 0 };
}

type Texts = Pick<SlideRow, 'name' | 'patient' | 'stain' | 'scanner'>;

/** `before` with what `patch` changes, trimmed. Throws `slide/bad-value`. */
export function textsOf(before: Texts, patch: { readonly [key in keyof Texts]?: string | undefined }): Texts {
  const text = (key: keyof Texts): string => {
    const value = (patch[key] ?? before[key]).trim();
    if (value.length > 500 || /\p{Cc}/u.test(value))
      throw badValue(`The ${key} is too long or has control characters.`);
    return value;
  };
  const name = text('name');
  if (name === '') throw badValue('A slide needs a name.');
  const patient = text('patient');
  if (patient.startsWith('slide:')) throw badValue('A patient cannot begin with `slide:`.');
  return { name, patient, stain: text('stain'), scanner: text('scanner') };
}

type MppColumns = Pick<SlideRow, 'mpp_x' | 'mpp_y' | 'mpp_source'>;

/** µm/px by hand, or else the file's. Throws `slide/bad-value`. */
export function mppOf(hand: Mpp | null, file: Mpp | null): MppColumns {
  const mpp = hand ?? file;
  if (!mpp) return { mpp_x: null, mpp_y: null, mpp_source: null };
  // Light microscopy lies between 0.05 (100x, oversampled) and 50 µm/px (an overview): the rest is a slip of the unit.
  if (hand && !(hand.x >= 0.01 && hand.x <= 100 && hand.y >= 0.01 && hand.y <= 100)) {
    throw badValue('The pixel size must lie between 0.01 and 100 µm.');
  }
  return { mpp_x: mpp.x, mpp_y: mpp.y, mpp_source: hand ? 'hand' : 'file' };
}

function badValue(message: string): EosinError {
  return new EosinError('slide/bad-value', 'usage', message, { remedy: 'Correct it and save again.' });
}
