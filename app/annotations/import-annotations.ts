/** Regions of another program become the project's: classes by name, ids kept, all in one transaction. */
import { randomUUID } from 'node:crypto';
import type { AnnotationEdit, ChangeSet } from '../core/annotation.ts';
import { EosinError, reportOf } from '../core/errors.ts';
import type { TissueMask } from '../core/slide.ts';
import type { ProjectDatabase } from '../db/project-database.ts';
import type { AnnotationStore } from './annotation-store.ts';
import { checkGeometry, type SlideSize } from './check-geometry.ts';
import { type ClassStore, isIgnoreName } from './class-store.ts';
import { encodeGeometry, quantise } from './geometry-codec.ts';
import { type ImportedRegion, readQupathGeoJson } from './qupath-geojson.ts';
import { tissueWarnings } from './tissue-warnings.ts';

export interface ImportTarget {
  readonly db: ProjectDatabase;
  readonly annotations: AnnotationStore;
  readonly classes: ClassStore;
}

export interface ImportOptions {
  readonly author: string;
  readonly slideSize: SlideSize;
  /** Stands in the audit trail. */
  readonly fileName?: string | undefined;
  /** Where it is given, regions on glass are said. */
  readonly tissue?: TissueMask | undefined;
}

export interface ImportReport {
  /** Regions of the file that the project now has. */
  readonly kept: number;
  /** Of those, regions that the project had already and that the file changed. */
  readonly changed: number;
  /** A sentence for each region that was not taken. */
  readonly refused: string[];
  readonly warnings: string[];
}

/**
 * Reads `bytes` by what they hold and stores what can be kept; classes that the project lacks are made. A region whose id
 * the slide already has is brought to the file's state. Throws `annotation/unknown-format`, what the format's reader
 * throws, and the first reason when nothing can be kept.
 */
export function importAnnotations(
  target: ImportTarget,
  slideId: string,
  bytes: Uint8Array,
  options: ImportOptions,
): ImportReport {
  const read = readByContent(bytes);
  const refused = [...read.refused];
  const warnings = [...read.warnings];
  const fitting = keepFitting(read.regions, options.slideSize, refused);
  if (fitting.length === 0 && refused.length > 0) throw nothingKept(refused);
  const changed = target.db.change(() => {
    const classOf = classMapper(target.classes, options.author, warnings);
    const change = changeSetOf(target.annotations, slideId, fitting, classOf);
    const reason = `import of ${options.fileName ?? 'a file'}`;
    target.annotations.apply(slideId, change, { author: options.author, slideSize: options.slideSize, reason });
    return change.updated.length;
  }, options.author);
  if (options.tissue) warnings.push(...tissueWarnings(fitting, options.tissue));
  return { kept: fitting.length, changed, refused, warnings };
}

function readByContent(bytes: Uint8Array): ReturnType<typeof readQupathGeoJson> {
  const first = bytes.find((byte, i) => byte > 0x20 && !(i < 3 && (byte === 0xef || byte === 0xbb || byte === 0xbf)));
  if (first === 0x7b || first === 0x5b) return readQupathGeoJson(bytes);
  throw new EosinError('annotation/unknown-format', 'input', 'Eosin does not know this format of annotations.', {
    remedy: 'Export the regions as GeoJSON; in QuPath: File > Export objects as GeoJSON, uncompressed.',
  });
}

/** Out of bounds has its own code: it mostly means that the file belongs to another slide. */
function nothingKept(refused: readonly string[]): EosinError {
  const beyond = refused.every((line) => line.includes('outside the slide'));
  const code = beyond ? 'annotation/out-of-bounds' : 'annotation/nothing-kept';
  return new EosinError(code, 'input', `None of the file's regions can be kept. ${refused[0]}`, {
    remedy: beyond
      ? 'Check that the annotations belong to this slide and are in level-0 pixels.'
      : 'Export the regions as polygons.',
    fields: { refused: refused.length },
  });
}

/** Regions on the storage grid that lie on the slide; the others go to `refused` with their reason. */
function keepFitting(regions: readonly ImportedRegion[], size: SlideSize, refused: string[]): ImportedRegion[] {
  return regions.flatMap((region) => {
    try {
      const geometry = quantise(region.geometry);
      checkGeometry(geometry, size);
      return [{ ...region, geometry }];
    } catch (thrown) {
      refused.push(
        `Feature ${region.feature}${region.className ? ` (${region.className})` : ''}: ${reportOf(thrown).message}`,
      );
      return [];
    }
  });
}

/** Class id of a name in the file; a class that the project lacks is made on first use. */
function classMapper(classes: ClassStore, user: string, warnings: string[]): (region: ImportedRegion) => string | null {
  const known = new Map<string, string>();
  for (const { id, name } of classes.list()) known.set(fold(name), id);
  return ({ className }) => {
    if (className === null) return null;
    const name = isIgnoreName(className) ? 'Ignore' : className.slice(0, 200);
    const id = known.get(fold(name));
    if (id !== undefined) return id;
    const made = classes.create(name, { user });
    known.set(fold(name), made.id);
    warnings.push(`The class ${name} was added to the project.`);
    return made.id;
  };
}

function fold(name: string): string {
  return isIgnoreName(name) ? 'ignore' : name.trim().toLowerCase();
}

function changeSetOf(
  annotations: AnnotationStore,
  slideId: string,
  regions: readonly ImportedRegion[],
  classOf: (region: ImportedRegion) => string | null,
): ChangeSet {
  const created: AnnotationEdit[] = [];
  const updated: ChangeSet['updated'][number][] = [];
  const taken = new Set<string>();
  for (const region of regions) {
    const id = region.id !== null && !taken.has(region.id) ? region.id : randomUUID();
    taken.add(id);
    const after: AnnotationEdit = { id, classId: classOf(region), geometry: region.geometry };
    const before = annotations.get(id);
    if (!before) created.push(after);
    else if (before.slideId !== slideId) created.push({ ...after, id: randomUUID() });
    else if (!isSame(before, after)) updated.push({ before, after });
  }
  return { created, updated, deleted: [] };
}

function isSame(a: AnnotationEdit, b: AnnotationEdit): boolean {
  return a.classId === b.classId && encodeGeometry(a.geometry).equals(encodeGeometry(b.geometry));
}
