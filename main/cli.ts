/** The command line: finds the command, reads its flags, maps errors to one line and an exit code. */
import { parseArgs } from 'node:util';
import { type App, createApp } from '../app/app.ts';
import { EosinError, type ErrorKind, isAbort, reportOf } from '../app/core/errors.ts';
import { wrongUse } from './cli/arguments.ts';
import type { Command } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { createTerminal } from './cli/terminal.ts';
import { commandLineHost } from './node-host.ts';

const exitCodes: Record<ErrorKind, number> = {
  usage: 64,
  input: 65,
  missing: 65,
  internal: 70,
  conflict: 75,
  retry: 75,
  config: 78,
  cancelled: 130,
};

/** Runs one command and resolves to its exit code; never throws. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const terminal = createTerminal(json, process.stdout, process.stderr);
  const cancel = new AbortController();
  const onInterrupt = (): void => (cancel.signal.aborted ? process.exit(130) : cancel.abort());
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  let app: App | null = null;
  try {
    const { command, rest } = findCommand(argv);
    if (!command) {
      terminal.say(overview());
      return 0;
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.say(help(command));
      return 0;
    }
    const { values, positionals } = readFlags(command, rest);
    await command.run({
      words: positionals,
      flags: values,
      terminal,
      signal: cancel.signal,
      app: async () => {
        app ??= createApp(commandLineHost());
        return app;
      },
    });
    return 0;
  } catch (thrown) {
    const report = reportOf(isAbort(thrown) || cancel.signal.aborted ? asCancel(thrown) : thrown);
    terminal.note(`eosin: ${report.code}: ${report.message} ${report.remedy}`);
    terminal.result({ error: report });
    if (argv.includes('--verbose') && thrown instanceof Error) terminal.note(withCauses(thrown));
    return exitCodes[report.kind];
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
    await (app as App | null)?.close();
  }
}

function asCancel(thrown: unknown): unknown {
  return thrown instanceof EosinError && thrown.kind === 'cancelled'
    ? thrown
    : new DOMException('Cancelled', 'AbortError');
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** `train`, or two words such as `project create`. */
function findCommand(argv: readonly string[]): { command: Command | null; rest: string[] } {
  const words = argv.filter((word) => !word.startsWith('-'));
  if (words.length === 0) return { command: null, rest: [...argv] };
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (!command) continue;
    const rest = [...argv];
    for (const word of name.split(' ')) rest.splice(rest.indexOf(word), 1);
    return { command, rest };
  }
  throw wrongUse(`There is no command "${words[0]}".`, 'See: eosin --help');
}

function readFlags(command: Command, rest: string[]) {
  const options = { ...command.flags, json: { type: 'boolean' }, verbose: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: rest, options, allowPositionals: true, strict: true });
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('. ')[0] ?? cause.message) : String(cause);
    throw wrongUse(`${message}.`, `Usage: eosin ${command.name} ${command.usage}`);
  }
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return ['Usage: eosin COMMAND [--json] [--verbose]', '', ...lines, '', 'eosin COMMAND --help tells more.'].join('\n');
}

function help(command: Command): string {
  const flags = Object.keys(command.flags).map((flag) => `  --${flag}`);
  return [
    `Usage: eosin ${command.name} ${command.usage}`,
    '',
    command.summary,
    ...(flags.length ? ['', ...flags] : []),
  ].join('\n');
}
