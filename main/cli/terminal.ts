/**
 * Where a command's words go: results to stdout, everything for the eye to stderr.
 * With --json stdout holds JSON and nothing else.
 */
import type { Writable } from 'node:stream';
import type { JobEvent } from '../../app/core/run.ts';

export interface Terminal {
  readonly json: boolean;
  /** A line for people: stdout, or stderr with --json. */
  say(line: string): void;
  /** The command's result, for machines: printed with --json only. */
  result(document: unknown): void;
  /** A note beside the result: always stderr. */
  note(line: string): void;
  /** Progress of long work: a bar on a terminal, a plain line now and then elsewhere. */
  progress(event: Extract<JobEvent, { type: 'progress' }>): void;
  /** Ends a bar's line before other text comes. */
  endProgress(): void;
}

const plainLineEveryMs = 5_000;
const barEveryMs = 100;

export function createTerminal(json: boolean, stdout: Writable, stderr: Writable & { isTTY?: boolean }): Terminal {
  const onTerminal = stderr.isTTY === true;
  let barOpen = false;
  let lastAt = 0;
  let lastStage = '';
  const endProgress = (): void => {
    if (barOpen) stderr.write('\n');
    barOpen = false;
  };
  return {
    json,
    endProgress,
    say(line) {
      endProgress();
      (json ? stderr : stdout).write(`${line}\n`);
    },
    note(line) {
      endProgress();
      stderr.write(`${line}\n`);
    },
    result(document) {
      endProgress();
      if (json) stdout.write(`${JSON.stringify(document)}\n`);
    },
    progress(event) {
      const now = Date.now();
      const finished = event.done >= event.total;
      const due = event.stage !== lastStage || finished || now - lastAt >= (onTerminal ? barEveryMs : plainLineEveryMs);
      if (!due) return;
      if (event.stage !== lastStage) endProgress();
      lastAt = now;
      lastStage = event.stage;
      if (onTerminal) {
        stderr.write(`\r\u001b[2K${bar(event)}`);
        barOpen = true;
        if (finished) endProgress();
      } else stderr.write(`${counts(event)}\n`);
    },
  };
}

function counts({ stage, done, total, unit, etaSeconds }: Extract<JobEvent, { type: 'progress' }>): string {
  const left = etaSeconds === null || done >= total ? '' : `, ${duration(etaSeconds)} left`;
  return `${stage}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}${left}`;
}

function bar(event: Extract<JobEvent, { type: 'progress' }>): string {
  const width = 24;
  const filled = event.total > 0 ? Math.round((event.done / event.total) * width) : 0;
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${counts(event)}`;
}

/** `48 s`, `2 min 05 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
