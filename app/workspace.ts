/** The one open project of a host, with its runs; opening another closes it first. */
import { realpathSync } from 'node:fs';
import { EosinError } from './core/errors.ts';
import { createQueue } from './core/queue.ts';
import type { Host } from './host.ts';
import { createLiveRuns, type LiveRuns } from './jobs/live-runs.ts';
import { createProject, openProject, type Project } from './project.ts';
import { createRecents, type RecentProject } from './recents.ts';
import { checkSlides } from './slides/check-slides.ts';
import type { SlidePool } from './slides/slide-pool.ts';

export interface Workspace {
  /** The open project; throws `project/none-open`. */
  project(): Project;
  readonly isOpen: boolean;
  runs(): LiveRuns;
  /** Looks at every page of a project that this installation has not had open lately. Throws `project/...`. */
  open(folder: string): Promise<Project>;
  /** `classes` are the names to start with; the project's own defaults otherwise. */
  create(parentFolder: string, name: string, classes?: readonly string[]): Promise<Project>;
  /** Cancels what runs, checkpoints and unlocks. */
  close(): Promise<void>;
  recents(): readonly RecentProject[];
}

interface OpenProject {
  readonly project: Project;
  readonly runs: LiveRuns;
  /** Ends the look at its slides' files. */
  stopRecheck(): Promise<void>;
}

export function createWorkspace(host: Host, pool: SlidePool): Workspace {
  const recents = createRecents(host.dataFolder);
  const options = { user: host.user, machine: host.machine, appVersion: host.appVersion };
  let current: OpenProject | null = null;
  const open = (): OpenProject => {
    if (current) return current;
    throw new EosinError('project/none-open', 'missing', 'No project is open.', {
      remedy: 'Open or create one first.',
    });
  };
  // One change of project at a time: of two at once the second would leave the first one locked and out of reach.
  const line = createQueue(1);
  const closeCurrent = async (): Promise<void> => {
    const closing = current;
    current = null;
    await closing?.stopRecheck();
    await closing?.runs.close();
    closing?.project.close();
  };
  const replaceBy = async (next: Project): Promise<Project> => {
    try {
      await closeCurrent();
    } catch (thrown) {
      next.close();
      throw thrown;
    }
    return take(next);
  };
  const take = (project: Project): Project => {
    const stop = new AbortController();
    // In the background: is each file still the slide that was labelled?
    const rechecked = checkSlides({ slides: project.slides, pool }, stop.signal).then(() => undefined);
    const stopRecheck = (): Promise<void> => {
      stop.abort();
      return rechecked;
    };
    current = { project, runs: createLiveRuns(project.runs), stopRecheck };
    recents.add({ name: project.name, folder: project.folder });
    return project;
  };
  return {
    get isOpen() {
      return current !== null;
    },
    project: () => open().project,
    runs: () => open().runs,
    open: (folder) =>
      line.run(async () => {
        if (current && sameFolder(current.project.folder, folder)) return current.project;
        // The next one first: if it cannot be opened, the current one stays.
        const known = recents.list().some((recent) => sameFolder(recent.folder, folder));
        const next = openProject(folder, { ...options, known });
        return replaceBy(next);
      }),
    create: (parentFolder, name, classes) =>
      line.run(async () => {
        const next = createProject(parentFolder, { name, ...options, ...(classes ? { classes } : {}) });
        return replaceBy(next);
      }),
    close: () => line.run(closeCurrent),
    recents: () => recents.list(),
  };
}

function sameFolder(a: string, b: string): boolean {
  const real = (folder: string): string => {
    try {
      return realpathSync(folder);
    } catch {
      return folder;
    }
  };
  return real(a) === real(b);
}
