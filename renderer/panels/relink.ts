/** Lets the user say where a slide's file is now. */
import type { SlideView } from '../../app/core/project.ts';
import { api } from '../state/api.ts';
import { placeQuestions } from '../state/choose-place.svelte.ts';
import { attempt } from '../state/notices.svelte.ts';
import { slideFiles } from '../state/slide-files.svelte.ts';
import { workspace } from '../state/workspace.svelte.ts';

export async function relink(slide: SlideView): Promise<void> {
  const [place] = await placeQuestions.ask(`Where is ${slide.name} now?`, 'slides', 'Use this file');
  if (!place) return;
  await attempt(async () => workspace.takeSlide(await api.relink(slide.id, place.handle)));
  slideFiles.trouble = null;
}
