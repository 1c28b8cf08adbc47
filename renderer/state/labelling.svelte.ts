/** What the hand does on the slide: tool, class, brush, and what is shown of the regions. */
import type { RegionClass } from '../../app/core/annotation.ts';

export type ToolName = 'move' | 'rectangle' | 'polygon' | 'brush';

class Labelling {
  tool = $state<ToolName>('move');
  classId = $state<string | null>(null);
  /** Diameter on the screen, px: zooming in gives a finer brush, as in QuPath. */
  brushPx = $state(48);
  showRegions = $state(true);
  fillRegions = $state(true);
  showTissue = $state(false);

  resizeBrush(factor: number): void {
    this.brushPx = Math.round(Math.min(400, Math.max(6, this.brushPx * factor)));
  }

  /** The class that new regions get; the first one when the chosen class is gone. */
  classFor(classes: readonly RegionClass[]): RegionClass | null {
    return classes.find((one) => one.id === this.classId) ?? classes[0] ?? null;
  }
}

export const labelling = new Labelling();
