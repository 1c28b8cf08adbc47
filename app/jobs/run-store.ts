/** Runs and what they told, kept in the project: a stream that broke goes on from the stored events. */
import { randomUUID } from 'node:crypto';
import { EosinError } from '../core/errors.ts';
import type { RunView } from '../core/project.ts';
import type { JobEvent, JobKind, JobState, PlanSummary, SequencedEvent } from '../core/run.ts';
import type { ProjectDatabase } from '../db/project-database.ts';
import { isoWithOffset } from '../db/wall-clock.ts';

interface NewRun {
  /** By default a new one. */
  readonly id?: string | undefined;
  readonly kind: JobKind;
  readonly title: string;
  /** The frozen spec, as plain JSON: with it the run can be repeated. */
  readonly spec: unknown;
  readonly modelId?: string | null;
  readonly slideId?: string | null;
  readonly plan?: PlanSummary | null;
}

export interface RunStore {
  /** State `queued`. */
  create(run: NewRun): RunView;
  /** Newest first. */
  list(): RunView[];
  /** Throws `run/unknown`. */
  get(id: string): RunView;
  spec(id: string): unknown;
  /** Stores an event and returns its seq, from 1; a `plan` event becomes the run's plan as well. */
  appendEvent(runId: string, event: JobEvent): number;
  /** Stored events with a greater seq, in order. */
  events(runId: string, afterSeq?: number): SequencedEvent[];
  /** Moves the run on; an end state stamps `endedAt`. A run that is done stays done: throws `run/ended`. */
  setState(runId: string, state: JobState, result?: Record<string, unknown>): RunView;
  /** The model that a training run left. */
  setModel(runId: string, modelId: string): RunView;
  /** Runs that a dead host left waiting or running become `failed`; called when a project is opened. */
  failLostRuns(): void;
}

interface RunRow {
  id: string;
  kind: JobKind;
  state: JobState;
  title: string;
  created_at: string;
  ended_at: string | null;
  model_id: string | null;
  slide_id: string | null;
  plan: string | null;
  result: string | null;
}

export function createRunStore(db: ProjectDatabase): RunStore {
  const { sqlite } = db;
  const select = 'SELECT id, kind, state, title, created_at, ended_at, model_id, slide_id, plan, result FROM runs';
  const all = sqlite.prepare<[], RunRow>(`${select} ORDER BY number DESC`);
  const byId = sqlite.prepare<[string], RunRow>(`${select} WHERE id = ?`);
  const lost = sqlite.prepare<[], RunRow>(`${select} WHERE state IN ('queued', 'running') ORDER BY number`);
  const specOf = sqlite.prepare<[string], string>('SELECT spec FROM runs WHERE id = ?').pluck();
  const insert = sqlite.prepare(
    `INSERT INTO runs (id, kind, state, title, created_at, model_id, slide_id, spec, plan)
      VALUES (@id, @kind, 'queued', @title, @createdAt, @modelId, @slideId, @spec, @plan)`,
  );
  const change = sqlite.prepare(
    `UPDATE runs SET state = @state, ended_at = @ended_at, model_id = @model_id, plan = @plan, result = @result WHERE id = @id`,
  );
  const lastSeq = sqlite
    .prepare<[string], number>('SELECT coalesce(max(seq), 0) FROM run_events WHERE run_id = ?')
    .pluck();
  const insertEvent = sqlite.prepare<[string, number, string, string]>('INSERT INTO run_events VALUES (?, ?, ?, ?)');
  const eventsAfter = sqlite.prepare<[string, number], { seq: number; at: string; event: string }>(
    'SELECT seq, at, event FROM run_events WHERE run_id = ? AND seq > ? ORDER BY seq',
  );

  const rowOf = (id: string): RunRow => {
    const row = byId.get(id);
    if (!row) throw unknownRun(id);
    return row;
  };

  const store: RunStore = {
    create(run) {
      return db.change((record) => {
        const { kind, title, modelId = null, slideId = null } = run;
        const made = { id: run.id ?? randomUUID(), kind, title, modelId, slideId, createdAt: isoWithOffset() };
        insert.run({ ...made, spec: JSON.stringify(run.spec), plan: run.plan ? JSON.stringify(run.plan) : null });
        record({ action: 'create', entity: 'run', id: made.id, after: { ...made, state: 'queued' } });
        return store.get(made.id);
      });
    },
    list: () => all.all().map(toView),
    get: (id) => toView(rowOf(id)),
    spec(id) {
      const json = specOf.get(id);
      if (json === undefined) throw unknownRun(id);
      return JSON.parse(json) as unknown;
    },
    appendEvent(runId, event) {
      return db.change(() => {
        const row = rowOf(runId);
        const seq = lastSeq.get(runId)! + 1;
        insertEvent.run(runId, seq, isoWithOffset(), JSON.stringify(event));
        if (event.type === 'plan') change.run({ ...row, plan: JSON.stringify(event.summary) });
        return seq;
      });
    },
    events(runId, afterSeq = 0) {
      rowOf(runId);
      return eventsAfter
        .all(runId, afterSeq)
        .map(({ seq, at, event }) => ({ seq, at, ...(JSON.parse(event) as JobEvent) }));
    },
    setState(runId, state, result) {
      return db.change((record) => {
        const row = rowOf(runId);
        if (row.state === 'done' && state !== 'done') throw endedRun(runId);
        const ended = state === 'queued' || state === 'running' ? null : (row.ended_at ?? isoWithOffset());
        change.run({ ...row, state, ended_at: ended, result: result ? JSON.stringify(result) : row.result });
        if (row.state !== state)
          record({ action: 'update', entity: 'run', id: runId, before: { state: row.state }, after: { state } });
        return store.get(runId);
      });
    },
    setModel(runId, modelId) {
      return db.change((record) => {
        const row = rowOf(runId);
        change.run({ ...row, model_id: modelId });
        record({ action: 'update', entity: 'run', id: runId, before: { modelId: row.model_id }, after: { modelId } });
        return store.get(runId);
      });
    },
    failLostRuns() {
      const rows = lost.all();
      if (rows.length === 0) return;
      db.change(() => {
        for (const { id } of rows) {
          const error = workerLost().toReport();
          store.appendEvent(id, { type: 'failed', error });
          store.setState(id, 'failed', { error });
        }
      });
    },
  };
  return store;
}

function toView(row: RunRow): RunView {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    title: row.title,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    modelId: row.model_id,
    slideId: row.slide_id,
    plan: row.plan === null ? null : (JSON.parse(row.plan) as PlanSummary),
    result: row.result === null ? null : (JSON.parse(row.result) as Record<string, unknown>),
  };
}

function workerLost(): EosinError {
  return new EosinError('job/worker-lost', 'retry', 'Eosin was closed or crashed while this run was going on.', {
    remedy: 'Start it again; labels, split and earlier models are safe.',
  });
}

function unknownRun(id: string): EosinError {
  return new EosinError('run/unknown', 'missing', 'The project has no such run.', {
    remedy: 'List the runs of the project to see their ids.',
    fields: { id },
  });
}

function endedRun(id: string): EosinError {
  return new EosinError('run/ended', 'conflict', 'This run is done.', {
    remedy: 'Start a new run.',
    fields: { id },
  });
}
