/** What only the place that carries the app can do: start a process, ask for files, name the folders. */

import type { StartProcess } from './core/worker-process.ts';
import type { OpenTrainerWindow } from './jobs/trainer-pages.ts';

/** What a file dialog is opened for; decides its title, its filter and whether it takes several. */
export type ChoosePurpose = 'slides' | 'project' | 'folder' | 'annotations';

export interface HostDialogs {
  /** Absolute paths that the user chose; empty when the dialog was closed. */
  choose(purpose: ChoosePurpose): Promise<string[]>;
}

/** One of three hosts: the Electron main process, the browser shell, the command line. */
export interface Host {
  readonly kind: 'electron' | 'browser' | 'cli';
  readonly startProcess: StartProcess;
  /** Null where no native dialog can be shown. */
  readonly dialogs: HostDialogs | null;
  /** Absolute folders: what must be kept, what may be deleted, and where new projects are offered. */
  readonly dataFolder: string;
  /** Native engines that were installed (engine-install/). */
  readonly enginesFolder: string;
  readonly cacheFolder: string;
  readonly documentsFolder: string;
  /** Recipes, icons and licences that come with the program. */
  readonly resourcesFolder: string;
  readonly appVersion: string;
  /** Who and where, for the audit chain. */
  readonly user: string;
  readonly machine: string;
  /**
   * What the window's preload script sends as header `x-eosin-preload` with POST /api/places/grant (the path of a dropped
   * file); pages cannot know it. Absent where no preload runs: the route then answers 404.
   */
  readonly preloadSecret?: string;
  /** Opens a hidden window that trains on the GPU; absent where the user's own windows offer themselves (jobs/trainer-pages.ts). */
  readonly openTrainerWindow?: OpenTrainerWindow;
  /** Shows a file in the system's file manager; absent where that cannot be done. */
  reveal?(path: string): void;
}
