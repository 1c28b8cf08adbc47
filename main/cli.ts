/** The command line: finds the command, reads its flags, maps errors to one line and an exit code. */
import { parseArgs } from 'node:util';
import { type App, createApp } from '../app/app.ts';
import { cancelled, type ErrorKind, type ErrorReport, isAbort, reportOf } from '../app/core/errors.ts';
import type { Host } from '../app/host.ts';
import { wrongUse } from './cli/arguments.ts';
import type { Command } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { createTerminal } from './cli/terminal.ts';
import { appVersion, commandLineHost } from './node-host.ts';

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
export async function runCli(argv: readonly string[], hostOf: () => Host = commandLineHost): Promise<number> {
  const json = argv.includes('--json');
  const terminal = createTerminal(json, process.stdout, process.stderr);
  const cancel = new AbortController();
  const onInterrupt = (): void => (cancel.signal.aborted ? process.exit(130) : cancel.abort());
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  // The reader has left, as `| head` does: nobody wants the rest.
  process.stdout.on('error', () => cancel.abort());
  let app: App | null = null;
  try {
    const { command, rest } = findCommand(argv);
    if (!command) {
      terminal.say(rest.includes('--version') ? appVersion() : overview());
      return 0;
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.say(help(command));
      return 0;
    }
    const { values, positionals } = readFlags(command, rest);
    const partly = await command.run({
      words: positionals,
      flags: values,
      terminal,
      signal: cancel.signal,
      app: async () => {
        app ??= createApp(hostOf());
        return app;
      },
    });
    if (!partly) return 0;
    terminal.note(errorLine(partly.toReport()));
    return exitCodes[partly.kind];
  } catch (thrown) {
    // Whatever comes of a cancel, the user asked for it.
    const report = reportOf(cancel.signal.aborted && !isAbort(thrown) ? cancelled() : thrown);
    terminal.note(errorLine(report));
    terminal.result({ error: report });
    if (argv.includes('--verbose') && thrown instanceof Error) terminal.note(withCauses(thrown));
    return exitCodes[report.kind];
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
    await (app as App | null)?.close().catch((thrown: unknown) => terminal.note(errorLine(reportOf(thrown))));
  }
}

/** `eosin: slide/truncated: The slide is cut off ... Copy the file again ...` in one line. */
function errorLine({ code, message, remedy }: ErrorReport): string {
  return `eosin: ${code}: ${message} ${remedy}`.replaceAll(/\s+/g, ' ');
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** What may stand without a command. */
const generalFlags = ['--help', '-h', '--version', '--json', '--verbose'];

/** `train`, or two words such as `project create`. */
function findCommand(argv: readonly string[]): { command: Command | null; rest: string[] } {
  const words = argv.filter((word) => !word.startsWith('-'));
  if (words.length === 0) {
    const flag = argv.find((word) => !generalFlags.includes(word));
    if (flag !== undefined) throw wrongUse(`A command must be named before ${flag}.`, 'See: eosin --help');
    return { command: null, rest: [...argv] };
  }
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (!command) continue;
    const rest = [...argv];
    for (const word of name.split(' ')) rest.splice(rest.indexOf(word), 1);
    return { command, rest };
  }
  const group = commands.filter(({ name }) => name.startsWith(`${words[0]} `)).map(({ name }) => name);
  if (group.length > 0) throw wrongUse(`"${words[0]}" wants a second word.`, `There are: ${group.join(', ')}.`);
  throw wrongUse(`There is no command "${words[0]}".`, 'See: eosin --help');
}

function readFlags(command: Command, rest: string[]) {
  const options = { ...command.flags, json: { type: 'boolean' }, verbose: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: rest, options, allowPositionals: true, strict: true });
  } catch (cause) {
    const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/[.?]\s/);
    const dash = message.includes('ambiguous') ? ' Write --x=-5 for a value that begins with a dash.' : '';
    throw wrongUse(`${message}.${dash}`, `Usage: eosin ${command.name} ${command.usage}`);
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
