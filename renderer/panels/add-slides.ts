/** Lets the user choose slide files and adds them to the project. */
import { placeQuestions } from '../state/choose-place.svelte.ts';
import { attempt } from '../state/notices.svelte.ts';
import { workspace } from '../state/workspace.svelte.ts';

export async function addSlides(): Promise<void> {
  const chosen = await placeQuestions.ask('Add slides', 'slides', 'Add');
  if (chosen.length > 0) await attempt(() => workspace.addSlides(chosen.map(({ handle }) => handle)));
}
