/** The models of a project as rows; their files lie in `models/<id>/`. */
import { randomUUID } from 'node:crypto';
import { EosinError } from '../core/errors.ts';
import type { ModelView } from '../core/project.ts';
import type { Evaluation } from '../core/run.ts';
import type { ProjectDatabase } from '../db/project-database.ts';
import { isoWithOffset } from '../db/wall-clock.ts';

interface NewModel extends Omit<ModelView, 'id' | 'createdAt'> {
  /** By default a new one. */
  readonly id?: string | undefined;
}

export interface ModelStore {
  /** Added when the model's files are complete on the disk. */
  add(model: NewModel): ModelView;
  /** Newest first. */
  list(): ModelView[];
  /** Throws `model/unknown`. */
  get(id: string): ModelView;
  /** By id, `latest`, or a name; of several the newest. Throws `model/unknown`. */
  find(text: string): ModelView;
}

interface ModelRow {
  id: string;
  name: string;
  created_at: string;
  run_id: string | null;
  classes: string;
  size_px: number;
  mpp: number | null;
  validation: string | null;
  test: string | null;
}

export function createModelStore(db: ProjectDatabase): ModelStore {
  const { sqlite } = db;
  const all = sqlite.prepare<[], ModelRow>('SELECT * FROM models ORDER BY number DESC');
  const byId = sqlite.prepare<[string], ModelRow>('SELECT * FROM models WHERE id = ?');
  const insert = sqlite.prepare(
    `INSERT INTO models (id, name, created_at, run_id, classes, size_px, mpp, validation, test)
      VALUES (@id, @name, @created_at, @run_id, @classes, @size_px, @mpp, @validation, @test)`,
  );
  const store: ModelStore = {
    add(model) {
      return db.change((record) => {
        const row: ModelRow = {
          id: model.id ?? randomUUID(),
          name: model.name,
          created_at: isoWithOffset(),
          run_id: model.runId,
          classes: JSON.stringify(model.classes),
          size_px: model.sizePx,
          mpp: model.mpp,
          validation: model.validation && JSON.stringify(model.validation),
          test: model.test && JSON.stringify(model.test),
        };
        insert.run(row);
        const made = toView(row);
        record({ action: 'create', entity: 'model', id: made.id, after: made });
        return made;
      });
    },
    list: () => all.all().map(toView),
    get(id) {
      const row = byId.get(id);
      if (!row) throw unknownModel(id);
      return toView(row);
    },
    find(text) {
      const models = store.list();
      const found =
        models.find(({ id }) => id === text) ??
        (text === 'latest' ? models[0] : models.find(({ name }) => name === text));
      if (!found) throw unknownModel(text);
      return found;
    },
  };
  return store;
}

function toView(row: ModelRow): ModelView {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    runId: row.run_id,
    classes: JSON.parse(row.classes) as string[],
    sizePx: row.size_px,
    mpp: row.mpp,
    validation: row.validation === null ? null : (JSON.parse(row.validation) as Evaluation),
    test: row.test === null ? null : (JSON.parse(row.test) as Evaluation),
  };
}

function unknownModel(id: string): EosinError {
  return new EosinError('model/unknown', 'missing', 'The project has no such model.', {
    remedy: 'List the models of the project to see their names and ids.',
    fields: { id },
  });
}
