/** An open project: its folder, its database, and the stores over them. Wiring only; each store has its own file. */
import { join } from 'node:path';
import { type AnnotationStore, createAnnotationStore } from './annotations/annotation-store.ts';
import { type ClassStore, createClassStore, defaultClasses } from './annotations/class-store.ts';
import type { ProjectView } from './core/project.ts';
import type { ProjectDatabase } from './db/project-database.ts';
import { actorOf, createProjectFolder, openProjectFolder, type subfolders } from './db/project-folder.ts';
import { createRunStore, type RunStore } from './jobs/run-store.ts';
import { createModelStore, type ModelStore } from './passports/model-store.ts';
import { createSlideStore, type SlideStore } from './slides/slide-store.ts';
import { createSplitStore, type SplitStore } from './slides/split-store.ts';

export interface Project {
  /** Absolute path of `Name.eosin`. */
  readonly folder: string;
  /** Absolute paths of the folders in it. */
  readonly folders: Readonly<Record<(typeof subfolders)[number], string>>;
  readonly id: string;
  readonly name: string;
  readonly db: ProjectDatabase;
  readonly slides: SlideStore;
  readonly annotations: AnnotationStore;
  readonly classes: ClassStore;
  readonly split: SplitStore;
  readonly runs: RunStore;
  readonly models: ModelStore;
  view(): ProjectView;
  close(): void;
}

export interface ProjectOptions {
  /** Who and where, for the audit trail; by default the account and host of this process. */
  readonly user?: string;
  readonly machine?: string;
  readonly appVersion?: string;
}

/** Makes `parentFolder/name.eosin` and opens it. Throws `project/exists`, `project/disk-full`, `project/not-writable`. */
export function createProject(
  parentFolder: string,
  options: ProjectOptions & { readonly name: string; readonly classes?: readonly string[] },
): Project {
  const folder = createProjectFolder(parentFolder, options.name, actorOf(options), (db) => {
    const classes = createClassStore(db);
    for (const name of options.classes ?? defaultClasses) classes.create(name);
  });
  return openProject(folder, { ...options, known: true });
}

/**
 * Opens a project for writing. Throws `project/in-use`, `project/not-a-project`, `project/newer-version`, `project/damaged`,
 * `project/unknown-schema`. `known: true` leaves out the pass over every page, for projects that this installation had open before.
 */
export function openProject(path: string, options: ProjectOptions & { readonly known?: boolean } = {}): Project {
  const { folder, id, name, db, close } = openProjectFolder(path, actorOf(options), options);
  try {
    const annotations = createAnnotationStore(db);
    const project: Project = {
      folder,
      folders: {
        models: join(folder, 'models'),
        runs: join(folder, 'runs'),
        heatmaps: join(folder, 'heatmaps'),
        cache: join(folder, 'cache'),
      },
      id,
      name,
      db,
      annotations,
      slides: createSlideStore(db, { folder, removeRegions: annotations.removeAllOf }),
      classes: createClassStore(db),
      split: createSplitStore(db),
      runs: createRunStore(db),
      models: createModelStore(db),
      view: () => ({
        id,
        name,
        classes: project.classes.list(),
        slides: project.slides.list(),
        split: project.split.get(),
        models: project.models.list(),
        runs: project.runs.list(),
      }),
      close,
    };
    project.runs.failLostRuns();
    return project;
  } catch (thrown) {
    close();
    throw thrown;
  }
}
