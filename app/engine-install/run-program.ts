/** Runs a program of the computer (pip, the compiler) to its end; what it said last becomes part of the error. */
import { spawn } from 'node:child_process';
import { EosinError } from '../core/errors.ts';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const keptChars = 4000;

/**
 * Resolves with what it printed on stdout (the last 4,000 characters).
 *
 * @throws EosinError `engine/no-program` when there is none of that name, `engine/program-failed` with its last words; the signal's
 * reason when aborted, after the program was killed.
 */
export function runProgram({ program, args, cwd, env }: ProgramRun, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out = (out + chunk.toString()).slice(-keptChars);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-keptChars);
    });
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    child.once('error', (cause) => {
      signal.removeEventListener('abort', stop);
      reject(signal.aborted ? signal.reason : noProgram(program, cause));
    });
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve(out);
      else reject(programFailed(program, killedBy ?? `code ${code}`, errors || out));
    });
  });
}

function noProgram(program: string, cause: Error): EosinError {
  return new EosinError('engine/no-program', 'config', `There is no program ${program} on this computer.`, {
    remedy: `Install ${program} and try again.`,
    fields: { program },
    cause,
  });
}

function programFailed(program: string, how: string, words: string): EosinError {
  const last = words.trim().split('\n').at(-1) ?? '';
  return new EosinError('engine/program-failed', 'config', `${program} ended with ${how}: ${last}`, {
    remedy: 'See the details for what it said.',
    fields: { program, how, said: words.trim() },
  });
}
