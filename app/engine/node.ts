/** Entry file: the engines of a Node process. The only place that finds assets on the disk and starts threads for an engine. */
import type { Engine, EngineId, EngineReport } from './engine.ts';

export interface EngineOptions {
  /** Threads the engine may use; at least 1. */
  readonly threads: number;
}

/** A rung that is not usable says exactly why. */
export interface Rung {
  readonly id: EngineId;
  readonly usable: boolean;
  readonly reason?: string;
}

/**
 * Opens one engine, without its self-test. One engine a process at a time.
 *
 * @throws EosinError `engine/not-usable` with the reason.
 */
export async function openEngine(_id: EngineId, _options: EngineOptions): Promise<Engine> {
  throw new Error('coming within this hour');
}

/** Which engines this process could open, best first, without opening any. */
export async function ladder(): Promise<Rung[]> {
  throw new Error('coming within this hour');
}

/**
 * Opens the best engine that passes its self-test; `wanted` overrules the order, and is then the only one tried.
 *
 * @throws EosinError `engine/not-usable`, `engine/self-test`
 */
export async function openBestEngine(_wanted: EngineId | null, _options: EngineOptions): Promise<Engine> {
  throw new Error('coming within this hour');
}

/** Opens, self-tests and times one engine on MobileNetV2 at 224 px; seconds. Never throws. Best in a process of its own. */
export async function doctorReport(_id: EngineId, _threads: number): Promise<EngineReport> {
  throw new Error('coming within this hour');
}
