/** What the routes need, handed in by app.ts. */
import type { Recipe } from '../core/recipe.ts';
import type { Host } from '../host.ts';
import type { TrainerPages } from '../jobs/trainer-pages.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import type { BackboneLibrary } from '../weights/backbone-library.ts';
import type { Workspace } from '../workspace.ts';
import type { PlaceBook } from './place-book.ts';

export interface ApiDeps {
  readonly host: Host;
  readonly pool: SlidePool;
  readonly masks: TissueMasks;
  readonly places: PlaceBook;
  /** Pages of windows that train on the GPU. */
  readonly pages: TrainerPages;
  readonly workspace: Workspace;
  readonly recipes: readonly Recipe[];
  readonly backbones: BackboneLibrary;
  /** Aborted when the app closes: work of its own that nobody waits for any more ends then. */
  readonly closing: AbortSignal;
}
