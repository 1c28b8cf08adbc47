/** Whether the slides' files are still there and still the slides: looked at when the window gets the focus and when a tile fails. */
import { EosinError, type ErrorReport, reportOf } from '../../app/core/errors.ts';
import type { SlideView } from '../../app/core/project.ts';
import { api } from './api.ts';
import { notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

const outOfReach = new Set(['slide/missing', 'slide/storage', 'slide/changed']);

class SlideFiles {
  /** A slide whose file is there and cannot be read just now. */
  trouble = $state.raw<{ readonly slideId: string; readonly error: ErrorReport } | null>(null);
  #checking = new Set<string>();

  /** A picture of the slide failed: is it the file? */
  pictureFailed(slideId: string, thrown: unknown): void {
    if (thrown instanceof EosinError && outOfReach.has(thrown.code)) void this.check(slideId);
  }

  async check(slideId: string): Promise<void> {
    if (this.#checking.has(slideId)) return;
    this.#checking.add(slideId);
    try {
      this.#take(await api.checkSlide(slideId));
      this.trouble = null;
    } catch (error) {
      this.trouble = { slideId, error: reportOf(error) };
      await this.checkAll();
    } finally {
      this.#checking.delete(slideId);
    }
  }

  async checkAll(): Promise<void> {
    if (!workspace.project) return;
    try {
      for (const slide of (await api.checkSlides()).slides) this.#take(slide);
    } catch {
      // The next look says it, or the slide itself when it is used.
    }
  }

  #take(slide: SlideView): void {
    const before = workspace.slides.find(({ id }) => id === slide.id);
    if (!before || before.status === slide.status) return;
    workspace.takeSlide(slide);
    // Of the open one the stage says it.
    if (slide.status === 'changed' && slide.id !== workspace.slideId)
      notices.warn(
        `Another file stands in the place of ${slide.name}`,
        'Its labels are safe and are not drawn over it.',
      );
  }
}

export const slideFiles = new SlideFiles();
