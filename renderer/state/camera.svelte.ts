/** Where the viewer looks, for the read-outs around it; written by the stage at every frame that moved. */
import type { Point } from '../../app/core/geometry.ts';

class Camera {
  /** Screen px (CSS) per level-0 px; 0 while no slide is shown. */
  scale = $state(0);
  rotation = $state(0);
  /** The pointer or the keyboard cursor, level-0 px. */
  pointer = $state.raw<Point | null>(null);
}

export const camera = new Camera();
