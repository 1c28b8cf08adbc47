/** The slides of a project: what is known of each, and where its file lies. Paths stay here; the rest of Eosin knows ids. */
import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { SlideView } from '../core/project.ts';
import type { Mpp } from '../core/pyramid.ts';
import type { SlideInfo } from '../core/slide.ts';
import { automaticTissue, type TissueChoice } from '../core/tissue-map.ts';
import type { ProjectDatabase, RecordChange } from '../db/project-database.ts';
import { isoWithOffset } from '../db/wall-clock.ts';
import { isSame, type Seen, seenAt, seenNow, storedPath } from './slide-file.ts';
import {
  auditOf,
  infoOf,
  mppOf,
  type SlideRow,
  statusOf,
  textsOf,
  tissueColumns,
  tissueOf,
  toView,
  type ViewRow,
} from './slide-row.ts';
import type { SlideSource } from './slide-source.ts';

interface NewSlide {
  readonly absolutePath: string;
  readonly info: SlideInfo;
  /** By default the file's name. */
  readonly name?: string | undefined;
  readonly patient?: string | undefined;
  readonly stain?: string | undefined;
  readonly scanner?: string | undefined;
  /** By hand; by default the file's. */
  readonly mpp?: Mpp | undefined;
}

export interface SlidePatch {
  readonly name?: string | undefined;
  readonly patient?: string | undefined;
  readonly stain?: string | undefined;
  readonly scanner?: string | undefined;
  /** By hand; null goes back to what the file says. */
  readonly mpp?: Mpp | null | undefined;
  readonly tissue?: Partial<TissueChoice> | undefined;
}

export interface SlideStore {
  /** Throws `slide/duplicate` when the project has a slide of this fingerprint. */
  add(slide: NewSlide): SlideView;
  /** In the order of adding. */
  list(): SlideView[];
  /** Throws `slide/unknown`. */
  get(id: string): SlideView;
  /** By id, else by a name that only one slide has. Throws `slide/unknown`, `slide/ambiguous`. */
  find(text: string): SlideView;
  info(id: string): SlideInfo;
  properties(id: string): Readonly<Record<string, string>>;
  update(id: string, patch: SlidePatch): SlideView;
  /** All or none. */
  updateMany(patches: readonly { id: string; patch: SlidePatch }[]): SlideView[];
  /** Takes the slide and its regions out of the project, in one transaction; the file stays. */
  remove(id: string, reason?: string): void;
  /** Absolute; it may not exist. */
  resolvePath(id: string): string;
  /** What the decode processes are asked for: they refuse another file in its place. */
  source(id: string): SlideSource & { readonly fingerprint: string };
  /** Size and time of the file when it was last found to be this slide. */
  lastSeen(id: string): Seen;
  /** The slide whose file lies at this path and looks untouched since it was last read; null when there is none. */
  knownAt(absolutePath: string): SlideView | null;
  withFingerprint(fingerprint: string): SlideView | null;
  /** Points to where the same slide lies now. Throws `slide/other-file` when the fingerprint differs. */
  relink(id: string, absolutePath: string, info: SlideInfo): SlideView;
  /** True when the file's size or time are not those last seen: its fingerprint should be read and told to `confirmFile`. */
  needsCheck(id: string): boolean;
  /** Takes note of the fingerprint found: the same makes the slide `ready`, another one `changed`. */
  confirmFile(id: string, fingerprint: string): SlideView;
}

/** The key of a slide in the split: its patient, or the slide itself where nobody has said whose it is. */
export function patientKey(slide: { readonly id: string; readonly patient: string }): string {
  return slide.patient === '' ? `slide:${slide.id}` : slide.patient;
}

export interface SlideStoreOptions {
  /** Absolute; paths are stored relative to it, so that project and slides can move together. */
  readonly folder: string;
  /** Takes the slide's regions away, in the same transaction. */
  readonly removeRegions: (slideId: string, record: RecordChange, reason?: string) => void;
}

export function createSlideStore(db: ProjectDatabase, { folder, removeRegions }: SlideStoreOptions): SlideStore {
  const { sqlite } = db;
  const select = `SELECT s.*, (SELECT count(*) FROM annotations a WHERE a.slide_key = s.key) AS regions, p.part
    FROM slides s LEFT JOIN split p ON p.patient = CASE s.patient WHEN '' THEN 'slide:' || s.id ELSE s.patient END`;
  const all = sqlite.prepare<[], ViewRow>(`${select} ORDER BY s.key`);
  const byId = sqlite.prepare<[string], ViewRow>(`${select} WHERE s.id = ?`);
  const byFingerprint = sqlite.prepare<[string], ViewRow>(`${select} WHERE s.fingerprint = ?`);
  const byPath = sqlite.prepare<[string], ViewRow>(`${select} WHERE s.path = ?`);
  const insert = sqlite.prepare(
    `INSERT INTO slides (id, name, path, fingerprint, patient, stain, scanner, mpp_x, mpp_y, mpp_source, tissue_threshold, pen_is_tissue,
        info, bytes, modified_ms, added_at)
      VALUES (@id, @name, @path, @fingerprint, @patient, @stain, @scanner, @mpp_x, @mpp_y, @mpp_source, @tissue_threshold, @pen_is_tissue,
        @info, @bytes, @modified_ms, @added_at)`,
  );
  const change = sqlite.prepare(
    `UPDATE slides SET name = @name, path = @path, patient = @patient, stain = @stain, scanner = @scanner, mpp_x = @mpp_x, mpp_y = @mpp_y,
      mpp_source = @mpp_source, tissue_threshold = @tissue_threshold, pen_is_tissue = @pen_is_tissue, info = @info, bytes = @bytes, modified_ms = @modified_ms, other_bytes = @other_bytes,
      other_ms = @other_ms WHERE id = @id`,
  );
  const drop = sqlite.prepare<[string]>('DELETE FROM slides WHERE id = ?');

  const stored = (path: string): string => storedPath(folder, path);
  const absolute = (row: SlideRow): string => resolve(folder, row.path);
  const view = (row: ViewRow): SlideView => toView(row, statusOf(row, seenAt(absolute(row))));
  const rowOf = (id: string): ViewRow => {
    const row = byId.get(id);
    if (!row) throw unknownSlide(id);
    return row;
  };

  const store: SlideStore = {
    add(slide) {
      return db.change((record) => {
        const same = store.withFingerprint(slide.info.fingerprint);
        if (same) throw duplicateSlide(same.name);
        const row: SlideRow = {
          id: randomUUID(),
          path: stored(slide.absolutePath),
          fingerprint: slide.info.fingerprint,
          ...textsOf({ name: basename(slide.absolutePath), patient: '', stain: '', scanner: '' }, slide),
          ...mppOf(slide.mpp ?? null, slide.info.mpp),
          ...tissueColumns(automaticTissue),
          info: JSON.stringify(slide.info),
          ...seenNow(slide.absolutePath),
          other_bytes: null,
          other_ms: null,
          added_at: isoWithOffset(),
        };
        insert.run(row);
        record({ action: 'create', entity: 'slide', id: row.id, after: auditOf(row) });
        return store.get(row.id);
      });
    },
    list: () => all.all().map(view),
    get: (id) => view(rowOf(id)),
    find(text) {
      const row = byId.get(text);
      if (row) return view(row);
      const named = store.list().filter((slide) => slide.name === text);
      if (named.length > 1) throw ambiguousSlide(text, named.length);
      if (!named[0]) throw unknownSlide(text);
      return named[0];
    },
    info: (id) => infoOf(rowOf(id)),
    properties: (id) => store.info(id).properties,
    update: (id, patch) => store.updateMany([{ id, patch }])[0]!,
    updateMany(patches) {
      return db.change((record) => {
        for (const { id, patch } of patches) {
          const before = rowOf(id);
          const mpp = patch.mpp === undefined ? {} : mppOf(patch.mpp, store.info(id).mpp);
          const tissue = tissueColumns({ ...tissueOf(before), ...patch.tissue });
          const after = { ...before, ...textsOf(before, patch), ...mpp, ...tissue };
          if (JSON.stringify(auditOf(before)) === JSON.stringify(auditOf(after))) continue;
          change.run(after);
          record({ action: 'update', entity: 'slide', id, before: auditOf(before), after: auditOf(after) });
        }
        return patches.map(({ id }) => store.get(id));
      });
    },
    remove(id, reason) {
      db.change((record) => {
        const row = rowOf(id);
        removeRegions(id, record, reason);
        drop.run(id);
        record({ action: 'delete', entity: 'slide', id, before: auditOf(row), reason });
      });
    },
    resolvePath: (id) => absolute(rowOf(id)),
    source(id) {
      const row = rowOf(id);
      return { path: absolute(row), fingerprint: row.fingerprint };
    },
    lastSeen(id) {
      const { bytes, modified_ms } = rowOf(id);
      return { bytes, modified_ms };
    },
    knownAt(absolutePath) {
      const row = byPath.get(stored(absolutePath));
      const seen = row && seenAt(absolutePath);
      return seen && isSame(seen, row.bytes, row.modified_ms) ? view(row) : null;
    },
    withFingerprint(fingerprint) {
      const row = byFingerprint.get(fingerprint);
      return row ? view(row) : null;
    },
    relink(id, absolutePath, info) {
      return db.change((record) => {
        const before = rowOf(id);
        if (info.fingerprint !== before.fingerprint) throw otherFile(before.name);
        const path = stored(absolutePath);
        const after = {
          ...before,
          path,
          info: JSON.stringify(info),
          ...seenNow(absolutePath),
          other_bytes: null,
          other_ms: null,
        };
        change.run(after);
        record({ action: 'update', entity: 'slide', id, before: auditOf(before), after: auditOf(after) });
        return store.get(id);
      });
    },
    needsCheck(id) {
      const row = rowOf(id);
      const seen = seenAt(absolute(row));
      return seen !== null && !isSame(seen, row.bytes, row.modified_ms) && !isSame(seen, row.other_bytes, row.other_ms);
    },
    confirmFile(id, fingerprint) {
      const row = rowOf(id);
      const { bytes, modified_ms } = seenNow(absolute(row));
      const seen =
        fingerprint === row.fingerprint
          ? { bytes, modified_ms, other_bytes: null, other_ms: null }
          : { other_bytes: bytes, other_ms: modified_ms };
      const after = { ...row, ...seen };
      // What the disk shows now is no change that a person made: it needs no audit row.
      if (JSON.stringify(after) !== JSON.stringify(row)) db.change(() => change.run(after));
      return store.get(id);
    },
  };
  return store;
}

function unknownSlide(id: string): EosinError {
  return new EosinError('slide/unknown', 'missing', 'The project has no such slide.', {
    remedy: 'List the slides of the project to see their names and ids.',
    fields: { id },
  });
}

function ambiguousSlide(name: string, count: number): EosinError {
  return new EosinError('slide/ambiguous', 'usage', `${count} slides are named ${name}.`, {
    remedy: 'Use the slide’s id instead.',
    fields: { name },
  });
}

export function duplicateSlide(name: string): EosinError {
  return new EosinError('slide/duplicate', 'conflict', `The project has this slide already, as ${name}.`, {
    remedy: 'Use the slide that is there; if it moved, relink it.',
    fields: { name },
  });
}

function otherFile(name: string): EosinError {
  return new EosinError('slide/other-file', 'conflict', `This file is not the slide ${name}: its contents differ.`, {
    remedy: 'Choose the original file, or add this one as a new slide.',
    fields: { name },
  });
}
