/** Tries every engine in a process of its own, so that one that crashes takes nothing with it. */
import { EosinError } from '../core/errors.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { EngineId, EngineReport } from '../engine/engine.ts';

export interface EngineSurvey {
  readonly engines: readonly EngineReport[];
  /** The rung that a run would take. */
  readonly chosen: EngineId;
}

const rungs: readonly EngineReport['id'][] = ['native-cuda', 'native-cpu', 'webgpu', 'wasm', 'cpu', 'onnxruntime'];
const deadlineMs = 60_000;

/** One after another, since two that share the cores would both look slow. */
export async function surveyEngines(
  startProcess: StartProcess,
  threads: number,
  signal: AbortSignal,
): Promise<EngineSurvey> {
  const engines: EngineReport[] = [];
  for (const id of rungs) {
    signal.throwIfAborted();
    engines.push(await tryEngine(startProcess, id, threads, signal));
  }
  const chosen = engines.find(({ usable, kind }) => usable && kind === 'training');
  if (!chosen) {
    throw new EosinError('engine/none', 'config', 'No training engine works on this computer.', {
      remedy: 'Reinstall Eosin; the wasm engine needs nothing else.',
    });
  }
  return { engines, chosen: chosen.id as EngineId };
}

/** Opens, self-tests and times one engine in a process of its own, to which `env` is added. Never throws. */
export function tryEngine(
  startProcess: StartProcess,
  id: EngineReport['id'],
  threads: number,
  signal: AbortSignal,
  env: Record<string, string> = {},
): Promise<EngineReport> {
  return new Promise((resolve) => {
    const worker = startProcess('doctor', { env });
    const stop = (): void => worker.kill();
    signal.addEventListener('abort', stop, { once: true });
    const failed = (reason: string): void => {
      const kind = id === 'onnxruntime' ? 'inference' : 'training';
      resolve({ id, kind, usable: false, reason, gradientError: null, forwardPerSecond: null, trainPerSecond: null });
    };
    const timer = setTimeout(() => {
      failed(`did not answer within ${deadlineMs / 1000} s`);
      worker.kill();
    }, deadlineMs);
    worker.onMessage((message) => {
      clearTimeout(timer);
      resolve(message as EngineReport);
      worker.kill();
    });
    worker.onExit(({ code, signal: killedBy }) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      failed(`its process ended (${killedBy ?? `code ${code}`})`);
    });
    worker.send({ id, threads });
  });
}
