/** What a command of the command line is: a name, its flags, and one function. */
import type { ParseArgsOptionsConfig } from 'node:util';
import type { App } from '../../app/app.ts';
import type { EosinError } from '../../app/core/errors.ts';
import type { Terminal } from './terminal.ts';

export type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export interface CommandContext {
  /** Words after the command's name. */
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** The app in this process, made on first use and closed by the caller. */
  app(): Promise<App>;
}

export interface Command {
  readonly name: string;
  /** Shown by --help: `SLIDE --x N --y N ...`. */
  readonly usage: string;
  readonly summary: string;
  readonly flags: ParseArgsOptionsConfig;
  /** What it resolves to is an error that its result tells already: only the exit code and the words on stderr are left. */
  run(context: CommandContext): Promise<EosinError | undefined>;
}
