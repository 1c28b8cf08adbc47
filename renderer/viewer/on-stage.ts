/** What is on the stage now, for the commands: one viewer is shown at a time. */
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

/** Gives a key to the tool at the keyboard cursor; Enter brings the cursor out first. False when the tool has no use for it. */
export function keyToTool(key: ToolKey): boolean {
  if (!current) return false;
  const { cursor, stage } = current;
  const used = current.tool().key(key, cursor.at);
  if (!used && key === 'Enter' && !cursor.at) cursor.at = stage.centre();
  stage.redraw();
  return used;
}
