/** A process of our own as its starter sees it; hosts fill it with child_process.fork or Electron's utilityProcess. */

/**
 * decode: parses and decodes slide files, disposable.   job: trains or predicts.
 * demo: draws the example slides.   doctor: tries one engine.
 */
export type WorkerEntry = 'decode' | 'job' | 'demo' | 'doctor';

export interface WorkerProcess {
  readonly pid: number | undefined;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, also when the process was killed or never started. */
  onExit(listener: (how: { code: number | null; signal: string | null }) => void): void;
  /** SIGKILL: a process that does not answer is not asked twice. */
  kill(): void;
}

export type StartProcess = (entry: WorkerEntry, options?: { env?: Record<string, string> }) => WorkerProcess;

/** The other end: what a worker process has of its starter. */
export interface ParentPort {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The starter is gone: a worker must not outlive it. */
  onClose(listener: () => void): void;
}
