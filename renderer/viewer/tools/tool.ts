/** What a drawing tool is: it hears the hand in level-0 px, keeps a draft, and hands finished shapes to the region store. */
import type { MultiPolygon, Point } from '../../../app/core/geometry.ts';
import type { RegionStore } from '../../state/region-store.svelte.ts';

/** What a tool may use; read afresh at every call, so that class, zoom and slide are the present ones. */
export interface Hand {
  readonly regions: RegionStore;
  readonly classId: string | null;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Level-0 px per screen px. */
  readonly unit: number;
  /** Level-0 px. */
  readonly brushRadius: number;
}

export interface Stroke {
  readonly at: Point;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly double: boolean;
}

/** What is being drawn, for the painter. */
export interface Draft {
  readonly shape?: MultiPolygon;
  readonly line?: readonly Point[];
  readonly brush?: { readonly path: readonly Point[]; readonly radius: number; readonly subtract: boolean };
}

export type ToolKey = 'Enter' | 'Escape' | 'Backspace';

export interface Tool {
  /** False leaves the press to the viewer, which pans. */
  press(stroke: Stroke): boolean;
  move(stroke: Stroke, pressed: boolean): void;
  release(stroke: Stroke): void;
  /** A key at the keyboard cursor (null where it is not shown); false when the tool has no use for it. */
  key(key: ToolKey, at: Point | null): boolean;
  draft(): Draft | null;
}

/** Below this the hand did not mean to drag, screen px. */
export const clickPx = 4;

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
