/** What is on the stage now, for the commands: one viewer is shown at a time. */
import type { Point } from '../../app/core/geometry.ts';
import type { KeyboardCursor } from './keyboard-cursor.ts';
import type { SlideStage } from './slide-stage.ts';
import type { Tool, ToolKey } from './tools/tool.ts';

export interface OnStage {
  readonly stage: SlideStage;
  readonly cursor: KeyboardCursor;
  tool(): Tool;
  setPanning(held: boolean): void;
}

let current: OnStage | null = null;

export function setOnStage(now: OnStage | null): void {
  current = now;
}

export function onStage(): OnStage | null {
  return current;
}

/** Gives a key to the tool at the keyboard cursor (or the middle of the view); false when it has no use for it. */
export function keyToTool(key: ToolKey): boolean {
  if (!current) return false;
  const at: Point | null = current.cursor.at ?? current.stage.centre();
  const used = at ? current.tool().key(key, at) : false;
  current.stage.redraw();
  return used;
}
