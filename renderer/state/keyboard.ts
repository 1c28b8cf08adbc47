/** Key presses to commands. Single keys act only with the viewer focused or nothing at all; text fields keep theirs. */
import { onStage } from '../viewer/on-stage.ts';
import { commands } from './commands.ts';
import { labelling } from './labelling.svelte.ts';
import { workspace } from './workspace.svelte.ts';

const commandOf = new Map(commands.flatMap((command) => command.keys.map((key) => [key, command] as const)));

/** `Ctrl+Shift+Z`, `Shift+ArrowLeft`, `?`: Shift is named only where the key's own sign does not show it. */
export function comboOf(event: KeyboardEvent): string {
  const bracket = { BracketLeft: '[', BracketRight: ']' }[event.code];
  const key = bracket ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const shown = /^[A-Z]$/.test(key) || key.length > 1 || bracket !== undefined;
  const shift = event.shiftKey && shown;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${shift ? 'Shift+' : ''}${key}`;
}

/** Starts listening on the window; the answer stops it. */
export function listenToKeys(): () => void {
  const down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const focused = document.activeElement;
    const inText =
      focused instanceof HTMLElement &&
      (focused.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName));
    const onViewer = !focused || focused === document.body || focused.closest('#viewer') !== null;
    if (onViewer && event.key === ' ') {
      onStage()?.setPanning(true);
      event.preventDefault();
      return;
    }
    if (onViewer && classKey(event)) return;
    const command = commandOf.get(comboOf(event));
    if (!command || !workspace.project) return;
    if (command.everywhere ? inText && /Ctrl\+(Shift\+)?[ZY]/.test(comboOf(event)) : !onViewer) return;
    if (command.run() !== false) event.preventDefault();
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === ' ') onStage()?.setPanning(false);
  };
  const quiet = new AbortController();
  window.addEventListener('keydown', down, { signal: quiet.signal });
  window.addEventListener('keyup', up, { signal: quiet.signal });
  return () => quiet.abort();
}

/** 1-9: the class for new regions, and for the selected one. */
function classKey(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) return false;
  const one = workspace.classes.find(({ key }) => key === Number(event.key));
  if (!one) return false;
  setClass(one.id);
  event.preventDefault();
  return true;
}

export function setClass(id: string): void {
  labelling.classId = id;
  const selected = workspace.regions?.selected;
  if (selected && selected.classId !== id) workspace.regions?.update(selected, { classId: id });
}
