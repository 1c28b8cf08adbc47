/**
 * The regions of one slide: shown at once, saved at once, undone by the inverse change.
 *
 *     apply(change) -> on screen -> queue -> POST -> stored (tick)
 *                                        \-> refused: the slide's regions are read again, with a message
 *                                        \-> no answer: stays in memory, tried again on request
 */
import { type Annotation, type AnnotationEdit, type ChangeSet, inverse } from '../../app/core/annotation.ts';
import { EosinError } from '../../app/core/errors.ts';
import { type Box, boundsOf, type MultiPolygon } from '../../app/core/geometry.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';

export interface Region {
  readonly id: string;
  readonly classId: string | null;
  readonly geometry: MultiPolygon;
  readonly author: string;
  readonly changedAt: string;
  readonly bounds: Box;
}

export type SaveState = 'saved' | 'saving' | 'failed';

const asRegion = (stored: Annotation): Region => ({
  id: stored.id,
  classId: stored.classId,
  geometry: stored.geometry,
  author: stored.author,
  changedAt: stored.changedAt,
  bounds: boundsOf(stored.geometry),
});
const asDrawn = (edit: AnnotationEdit): Region => ({
  ...edit,
  author: 'you',
  changedAt: new Date().toISOString(),
  bounds: boundsOf(edit.geometry),
});
const asEdit = ({ id, classId, geometry }: Region): AnnotationEdit => ({ id, classId, geometry });

export class RegionStore {
  readonly slideId: string;
  list = $state.raw<readonly Region[]>([]);
  selectedId = $state<string | null>(null);
  saveState = $state<SaveState>('saved');
  loaded = $state(false);
  /** Number of changes that were stored since the slide was opened; the tick shows it. */
  saves = $state(0);
  #undo = $state.raw<readonly ChangeSet[]>([]);
  #redo = $state.raw<readonly ChangeSet[]>([]);
  #queue: ChangeSet[] = [];
  #flushing = false;
  readonly #stored: () => void;

  /** `stored` is called after every change that was stored. */
  constructor(slideId: string, stored: () => void) {
    this.slideId = slideId;
    this.#stored = stored;
  }

  get selected(): Region | null {
    return this.list.find((region) => region.id === this.selectedId) ?? null;
  }
  get canUndo(): boolean {
    return this.#undo.length > 0;
  }
  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  async load(): Promise<void> {
    const { annotations } = await api.annotations(this.slideId);
    this.list = annotations.map(asRegion);
    this.loaded = true;
  }

  create(geometry: MultiPolygon, classId: string | null): void {
    const edit: AnnotationEdit = { id: crypto.randomUUID(), classId, geometry };
    this.apply({ created: [edit], updated: [], deleted: [] });
    this.selectedId = edit.id;
  }

  /** Replaces shape or class of a region; an empty shape deletes it. */
  update(region: Region, to: { geometry?: MultiPolygon; classId?: string | null }): void {
    const before = asEdit(region);
    const after = { ...before, ...to };
    if (after.geometry.length === 0) this.apply({ created: [], updated: [], deleted: [before] });
    else this.apply({ created: [], updated: [{ before, after }], deleted: [] });
  }

  remove(regions: readonly Region[]): void {
    if (regions.length > 0) this.apply({ created: [], updated: [], deleted: regions.map(asEdit) });
  }

  apply(change: ChangeSet): void {
    this.#undo = [...this.#undo, change].slice(-500);
    this.#redo = [];
    this.#show(change);
    this.#save(change);
  }

  undo(): void {
    const change = this.#undo.at(-1);
    if (!change) return;
    this.#undo = this.#undo.slice(0, -1);
    this.#redo = [...this.#redo, change];
    this.#show(inverse(change));
    this.#save(inverse(change));
  }

  redo(): void {
    const change = this.#redo.at(-1);
    if (!change) return;
    this.#redo = this.#redo.slice(0, -1);
    this.#undo = [...this.#undo, change];
    this.#show(change);
    this.#save(change);
  }

  #show(change: ChangeSet): void {
    const gone = new Set(change.deleted.map((edit) => edit.id));
    const changed = new Map(change.updated.map(({ after }) => [after.id, after]));
    const kept = this.list
      .filter((region) => !gone.has(region.id))
      .map((region) => {
        const after = changed.get(region.id);
        return after ? asDrawn(after) : region;
      });
    this.list = [...kept, ...change.created.map(asDrawn)];
    if (this.selectedId && gone.has(this.selectedId)) this.selectedId = null;
  }

  #save(change: ChangeSet): void {
    this.#queue.push(change);
    void this.flush();
  }

  /** Sends what waits, in order; also the `Try again` of the banner. */
  async flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    this.saveState = 'saving';
    try {
      for (let change = this.#queue[0]; change; change = this.#queue[0]) {
        const { annotations, warnings } = await api.change(this.slideId, change);
        this.#queue.shift();
        if (this.#queue.length === 0) this.#takeStored(annotations);
        this.saves++;
        this.#stored();
        for (const warning of warnings) notices.warn(warning);
      }
      this.saveState = 'saved';
    } catch (error) {
      await this.#refused(error);
    } finally {
      this.#flushing = false;
    }
  }

  #takeStored(annotations: readonly Annotation[]): void {
    const stored = new Map(annotations.map((annotation) => [annotation.id, annotation]));
    this.list = this.list.map((region) => {
      const annotation = stored.get(region.id);
      return annotation ? asRegion(annotation) : region;
    });
  }

  async #refused(error: unknown): Promise<void> {
    this.saveState = 'failed';
    if (error instanceof EosinError && error.kind === 'retry') {
      notices.fail(error, { label: 'Try again', run: () => void this.flush() });
      return;
    }
    this.#queue = [];
    this.#undo = [];
    this.#redo = [];
    notices.fail(error);
    try {
      await this.load();
      this.saveState = 'saved';
    } catch (again) {
      notices.fail(again);
    }
  }
}
