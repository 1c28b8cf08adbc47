/**
 * What the test command prints: a line a file as it ends, every failure in full, every skipped test with its reason, what
 * could not be verified here, and alone at the end `N passed, N failed, N skipped`.
 */

import path from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect, stripVTControlCharacters } from 'node:util';

interface Failure {
  readonly place: string;
  readonly file: string;
  readonly names: readonly string[];
  readonly error: unknown;
}

export interface TestOutcome {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Reporter {
  report(events: AsyncIterable<TestEvent>): AsyncGenerator<string>;
  readonly outcome: TestOutcome;
}

/** @param noSkip a skipped test is a failure: for the machine where everything must have run */
export function createReporter(root: string, noSkip: boolean): Reporter {
  const outcome: TestOutcome = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  const skipped: string[] = [];
  const notVerified = new Set<string>();
  const output = new Map<string, string>();

  async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
    // Node gives the files one after the other, whatever ran at the same time.
    let current = '';
    let counts = emptyCounts();
    let running = '';
    let open: string[] = [];
    for await (const event of events) {
      const { type, data } = event as { type: string; data: TestData };
      const source = data.file ? path.relative(root, data.file) : '';
      if (type === 'test:stdout' || type === 'test:stderr') {
        const text = stripVTControlCharacters(data.message ?? '');
        for (const line of text.split('\n')) if (line.startsWith('not verified: ')) notVerified.add(line);
        output.set(source, `${output.get(source) ?? ''}${text}`.slice(-4000));
      }
      if (type === 'test:start') {
        // A part of a test may be told to stand in another file, such as one that it imports.
        if (data.nesting === 0) running = source;
        open = [...open.slice(0, data.nesting), data.name];
      }
      if (type !== 'test:pass' && type !== 'test:fail') continue;
      const file = data.nesting === 0 ? source : running;
      if (file !== current) {
        yield fileLine(current, counts);
        current = file;
        counts = emptyCounts();
      }
      if (data.nesting === 0) counts.durationMs += data.details.duration_ms;
      const names = [...open.slice(0, data.nesting), data.name];
      const place = data.line ? `${source}:${data.line}` : source;
      const count = (what: keyof TestOutcome): void => {
        outcome[what]++;
        counts[what]++;
      };
      if (data.skip !== undefined && data.skip !== false) {
        skipped.push(`${place}  ${names.join(' > ')}: ${reason(data.skip)}`);
        count(noSkip ? 'failed' : 'skipped');
      } else if (type === 'test:fail') {
        // A suite fails with its tests; it counts by itself only when its own hooks failed.
        const code = (data.details.error as { failureType?: string } | undefined)?.failureType;
        if (code === 'subtestsFailed' || data.todo !== undefined) continue;
        count('failed');
        // Its parent tells why.
        if (code !== 'cancelledByParent') failures.push({ place, file, names, error: data.details.error });
      } else if (data.details.type !== 'suite' && !isWholeFile(data, root)) {
        count('passed');
      }
    }
    yield fileLine(current, counts);
    yield* closing();
  }

  function* closing(): Generator<string> {
    if (skipped.length > 0) {
      yield `\n${noSkip ? 'Skipped, which is a failure here' : 'Skipped'}:\n`;
      for (const line of skipped.sort()) yield `  ${line}\n`;
    }
    if (notVerified.size > 0) yield '\n';
    for (const line of [...notVerified].sort()) yield `${line}\n`;
    for (const failure of failures) {
      yield describeFailure(failure, output.get(failure.file));
      // What a file printed stands under its first failure only.
      output.delete(failure.file);
    }
    yield `\n${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped\n`;
  }

  return { report, outcome };
}

interface FileCounts extends TestOutcome {
  durationMs: number;
}

const emptyCounts = (): FileCounts => ({ passed: 0, failed: 0, skipped: 0, durationMs: 0 });

function fileLine(file: string, { passed, failed, skipped, durationMs }: FileCounts): string {
  if (passed + failed + skipped === 0) return '';
  const seconds = (durationMs / 1000).toFixed(1).padStart(6);
  const notes = [failed > 0 ? `${failed} FAILED` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean);
  return `${seconds} s  ${String(passed).padStart(4)} passed  ${[file, ...notes].join('  ')}\n`;
}

/** A file that registers no test is reported as one that passed; it has shown nothing. */
function isWholeFile(data: TestData, root: string): boolean {
  return data.nesting === 0 && path.resolve(root, data.name) === data.file;
}

/** The part of an event that is read here; @types/node gives each kind of event its own type. */
interface TestData {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly line?: number;
  readonly message?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: { readonly duration_ms: number; readonly type?: string; readonly error?: unknown };
}

const reason = (skip: string | boolean): string => (typeof skip === 'string' && skip !== '' ? skip : 'no reason given');

function describeFailure({ place, names, error }: Failure, printed: string | undefined): string {
  // Node wraps what the test threw; the thrown thing is what a reader wants.
  const thrown = (error as { cause?: unknown } | undefined)?.cause ?? error;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : inspect(thrown);
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => !/\bnode:(internal|test|async_hooks)/.test(line));
  const tail = printed
    ? `\n    printed by this file (its end):\n${indent(printed.trimEnd().split('\n').slice(-30))}`
    : '';
  return `\nFAILED ${names.join(' > ')}\n    ${place}\n${indent(lines)}${tail}\n`;
}

const indent = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join('\n');
