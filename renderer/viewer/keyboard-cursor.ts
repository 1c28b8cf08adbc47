/** The cross that draws without a pointer: arrow keys move it over the slide, the tools take its place as theirs. */
import type { Point } from '../../app/core/geometry.ts';
import { toScreen } from './affine.ts';
import type { SlideStage } from './slide-stage.ts';

/** Screen px that one arrow key moves; with Shift five times as far, with Alt a single one. */
const stepPx = 10;

export class KeyboardCursor {
  at: Point | null = null;

  hide(): void {
    this.at = null;
  }

  /** One step; begins in the middle of the view, and the view follows where the cross leaves it. */
  step(stage: SlideStage, dx: number, dy: number, how: 'step' | 'far' | 'fine'): void {
    const camera = stage.camera;
    const from = this.at ?? stage.centre();
    if (!camera || !from) return;
    const px = how === 'far' ? stepPx * 5 : how === 'fine' ? 1 : stepPx;
    const [x, y] = toScreen(camera, from);
    const { clientWidth, clientHeight } = stage.viewer.element;
    const next: Point = [x + dx * px, y + dy * px];
    this.at = stage.toSlide(next);
    if (next[0] < 20 || next[0] > clientWidth - 20) stage.panBy(dx * 0.3, 0);
    if (next[1] < 20 || next[1] > clientHeight - 20) stage.panBy(0, dy * 0.3);
    stage.redraw();
  }
}
