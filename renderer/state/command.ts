/** What a command is: something that can be done by name or key. */

export type CommandGroup = 'Label' | 'Look' | 'Slides' | 'Window' | 'Runs';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  /** As on the key sheet: `R`, `Ctrl+Z`, `Shift+ArrowLeft`; the first is the one that is shown. */
  readonly keys: readonly string[];
  /** Acts wherever the focus is; others only with the viewer focused (or nothing). */
  readonly everywhere?: boolean;
  /** False where there is nothing that it could do: it is then not in the command list. */
  available?(): boolean;
  /** False when the key should go on to whoever else wants it. */
  run(): unknown;
}
