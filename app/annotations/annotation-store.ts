/**
 * The regions of a project. A change set is applied whole, in one transaction with its index and audit rows, or not at all;
 * when `apply` has returned, the change survives kill -9 and loss of power.
 */
import type { Annotation, AnnotationEdit, ChangeSet } from '../core/annotation.ts';
import { EosinError } from '../core/errors.ts';
import { type Box, boundsOf, type MultiPolygon } from '../core/geometry.ts';
import type { AuditEntry } from '../db/audit.ts';
import type { ProjectDatabase, RecordChange } from '../db/project-database.ts';
import { isoWithOffset } from '../db/wall-clock.ts';
import { type AnnotationVersion, readVersion, type StoredVersion, storedVersion } from './annotation-version.ts';
import { checkGeometry, type SlideSize } from './check-geometry.ts';
import { unknownClass } from './class-store.ts';
import { decodeGeometry, encodeGeometry, quantise, toUnits } from './geometry-codec.ts';

export interface ApplyOptions {
  /** A person's name, or `model:<id>`. */
  readonly author: string;
  readonly slideSize: SlideSize;
  readonly reason?: string | undefined;
}

interface AnnotationEvent {
  readonly seq: number;
  /** UTC. */
  readonly at: string;
  readonly author: string;
  readonly action: AuditEntry['action'];
  readonly before: AnnotationVersion | null;
  readonly after: AnnotationVersion | null;
  readonly reason: string | null;
}

export interface AnnotationStore {
  /**
   * Applies `change` and gives back what it created and updated, as stored. Throws `annotation/changed` when a `before`
   * is not what is stored, `annotation/*` of check-geometry.ts, `class/unknown`, `slide/unknown`.
   */
  apply(slideId: string, change: ChangeSet, options: ApplyOptions): { annotations: Annotation[] };
  /** All regions of a slide, or those whose bounding box touches `box` (level-0 px), in the order of their making. */
  list(slideId: string, box?: Box): Annotation[];
  get(id: string): Annotation | undefined;
  /** Every state that the region had, oldest first; deleted regions keep theirs. */
  history(id: string): AnnotationEvent[];
  counts(): { slideId: string; classId: string | null; regions: number }[];
  /** Takes all regions of a slide away, within the caller's transaction. */
  removeAllOf(slideId: string, record: RecordChange, reason?: string): void;
}

interface AnnotationRow {
  key: number;
  id: string;
  slide_id: string;
  class_id: string | null;
  geometry: Buffer;
  author: string;
  revision: number;
  changed_at: string;
}

export function createAnnotationStore(db: ProjectDatabase): AnnotationStore {
  const { sqlite } = db;
  const select = `SELECT a.key, a.id, s.id AS slide_id, a.class_id, a.geometry, a.author, a.revision, a.changed_at
    FROM annotations a JOIN slides s ON s.key = a.slide_key`;
  const byId = sqlite.prepare<[string], AnnotationRow>(`${select} WHERE a.id = ?`);
  const ofSlide = sqlite.prepare<[string], AnnotationRow>(`${select} WHERE s.id = ? ORDER BY a.key`);
  const inBox = sqlite.prepare<[Record<string, number>], AnnotationRow>(
    `${select} WHERE a.key IN (SELECT key FROM annotation_index
      WHERE slide0 = @slide AND slide1 = @slide AND x0 <= @x1 AND x1 >= @x0 AND y0 <= @y1 AND y1 >= @y0) ORDER BY a.key`,
  );
  const slideKey = sqlite.prepare<[string], number>('SELECT key FROM slides WHERE id = ?').pluck();
  const hasClass = sqlite.prepare<[string], number>('SELECT 1 FROM classes WHERE id = ?').pluck();
  const earlier = sqlite
    .prepare<[string], number>("SELECT count(*) FROM audit WHERE entity = 'annotation' AND entity_id = ?")
    .pluck();
  const insert = sqlite.prepare(
    `INSERT INTO annotations (id, slide_key, class_id, geometry, author, revision, changed_at)
      VALUES (@id, @slideKey, @classId, @geometry, @author, @revision, @changedAt)`,
  );
  const update = sqlite.prepare(
    `UPDATE annotations SET class_id = @classId, geometry = @geometry, author = @author, revision = @revision,
      changed_at = @changedAt WHERE key = @key`,
  );
  const drop = sqlite.prepare<[number]>('DELETE FROM annotations WHERE key = ?');
  const index = sqlite.prepare(
    'INSERT OR REPLACE INTO annotation_index VALUES (@key, @x0, @x1, @y0, @y1, @slide, @slide)',
  );
  const unindex = sqlite.prepare<[number]>('DELETE FROM annotation_index WHERE key = ?');
  const changes = sqlite.prepare<
    [string],
    Record<'at' | 'user' | 'action', string> & { seq: number } & Record<'before' | 'after' | 'reason', string | null>
  >(
    "SELECT seq, at, user, action, before, after, reason FROM audit WHERE entity = 'annotation' AND entity_id = ? ORDER BY seq",
  );
  const counted = sqlite.prepare<[], { slideId: string; classId: string | null; regions: number }>(
    `SELECT s.id AS slideId, a.class_id AS classId, count(*) AS regions
      FROM annotations a JOIN slides s ON s.key = a.slide_key GROUP BY a.slide_key, a.class_id`,
  );

  function keyOf(slideId: string): number {
    const key = slideKey.get(slideId);
    if (key === undefined) {
      throw new EosinError('slide/unknown', 'missing', 'The project has no such slide.', {
        remedy: 'Reload the project; the slide may have been removed.',
        fields: { id: slideId },
      });
    }
    return key;
  }

  /** What will be stored of an edit: on the grid, checked. */
  function prepare(edit: AnnotationEdit, size: SlideSize): { geometry: MultiPolygon; blob: Buffer } {
    if (edit.classId !== null && hasClass.get(edit.classId) === undefined) throw unknownClass(edit.classId);
    const geometry = quantise(edit.geometry);
    checkGeometry(geometry, size);
    return { geometry, blob: encodeGeometry(geometry) };
  }

  /** The stored row, if it is what the caller saw last. */
  function expectUnchanged(slideId: string, seen: AnnotationEdit): AnnotationRow {
    const row = byId.get(seen.id);
    const same =
      row?.slide_id === slideId && row.class_id === seen.classId && row.geometry.equals(encodeGeometry(seen.geometry));
    if (!row || !same) throw changedMeanwhile(seen.id);
    return row;
  }

  function create(
    slideId: string,
    slide: number,
    edit: AnnotationEdit,
    options: ApplyOptions,
    record: RecordChange,
  ): Annotation {
    if (edit.id === '' || edit.id.length > 200) throw badId();
    if (byId.get(edit.id)) throw changedMeanwhile(edit.id);
    const { geometry, blob } = prepare(edit, options.slideSize);
    // A region that an undo brings back goes on counting where it was deleted.
    const revision = (earlier.get(edit.id) ?? 0) + 1;
    const { id, classId } = edit;
    const made = { id, slideId, classId, geometry, author: options.author, revision, changedAt: isoWithOffset() };
    const { lastInsertRowid } = insert.run({ ...made, geometry: blob, slideKey: slide });
    index.run({ ...indexBox(geometry), key: Number(lastInsertRowid), slide });
    record({ action: 'create', entity: 'annotation', id, after: storedVersion(made, blob), reason: options.reason });
    return made;
  }

  function replace(
    slideId: string,
    slide: number,
    { before, after }: ChangeSet['updated'][number],
    options: ApplyOptions,
    record: RecordChange,
  ): Annotation {
    if (before.id !== after.id) throw badId();
    const row = expectUnchanged(slideId, before);
    const { geometry, blob } = prepare(after, options.slideSize);
    const { id, classId } = after;
    const made = {
      id,
      slideId,
      classId,
      geometry,
      author: options.author,
      revision: row.revision + 1,
      changedAt: isoWithOffset(),
    };
    update.run({ ...made, geometry: blob, key: row.key });
    index.run({ ...indexBox(geometry), key: row.key, slide });
    record({
      action: 'update',
      entity: 'annotation',
      id,
      before: versionOfRow(row),
      after: storedVersion(made, blob),
      reason: options.reason,
    });
    return made;
  }

  function remove(row: AnnotationRow, record: RecordChange, reason: string | undefined): void {
    unindex.run(row.key);
    drop.run(row.key);
    record({ action: 'delete', entity: 'annotation', id: row.id, before: versionOfRow(row), reason });
  }

  return {
    apply(slideId, change, options) {
      if (options.author.trim() === '') throw badId();
      return db.change((record) => {
        const slide = keyOf(slideId);
        for (const edit of change.deleted) remove(expectUnchanged(slideId, edit), record, options.reason);
        const created = change.created.map((edit) => create(slideId, slide, edit, options, record));
        const updated = change.updated.map((pair) => replace(slideId, slide, pair, options, record));
        return { annotations: [...created, ...updated] };
      }, options.author);
    },
    list(slideId, box) {
      const slide = keyOf(slideId);
      const rows = box ? inBox.all({ ...boxUnits(box), slide }) : ofSlide.all(slideId);
      return rows.map(fromRow);
    },
    get(id) {
      const row = byId.get(id);
      return row && fromRow(row);
    },
    history: (id) =>
      changes.all(id).map(({ seq, at, user, action, before, after, reason }) => ({
        seq,
        at,
        author: user,
        action: action as AuditEntry['action'],
        before: readVersion(before),
        after: readVersion(after),
        reason,
      })),
    counts: () => counted.all(),
    removeAllOf(slideId, record, reason) {
      for (const row of ofSlide.all(slideId)) remove(row, record, reason);
    },
  };
}

function fromRow(row: AnnotationRow): Annotation {
  return {
    id: row.id,
    slideId: row.slide_id,
    classId: row.class_id,
    geometry: decodeGeometry(row.geometry),
    author: row.author,
    revision: row.revision,
    changedAt: row.changed_at,
  };
}

function versionOfRow({ slide_id, class_id, author, revision, geometry }: AnnotationRow): StoredVersion {
  return storedVersion({ slideId: slide_id, classId: class_id, author, revision }, geometry);
}

function indexBox(geometry: MultiPolygon): ReturnType<typeof boxUnits> {
  return boxUnits(boundsOf(geometry));
}

/** A box in the index's units, rounded outwards and kept within an int32. */
function boxUnits({ x, y, width, height }: Box): { x0: number; x1: number; y0: number; y1: number } {
  return { x0: clampUnits(x), x1: clampUnits(x + width), y0: clampUnits(y), y1: clampUnits(y + height) };
}

function clampUnits(px: number): number {
  return toUnits(Math.min(2 ** 25 - 1, Math.max(1 - 2 ** 25, px)));
}

function changedMeanwhile(id: string): EosinError {
  return new EosinError('annotation/changed', 'conflict', 'This region was changed elsewhere in the meantime.', {
    remedy: 'Reload the slide’s regions and make the change again.',
    fields: { id },
  });
}

function badId(): EosinError {
  return new EosinError('annotation/bad-edit', 'usage', 'An edit of a region has no usable id or author.', {
    remedy: 'Send each region with its own id, and the name of its author.',
  });
}
