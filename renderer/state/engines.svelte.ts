/** What this computer trains on, and the installation of the native engine, which goes on while its dialog is closed. */
import { createEta } from '../../app/core/progress.ts';
import { api, type Engines, type InstallEvent, type NativeBuild, type NativeState } from './api.ts';
import { attempt, notices } from './notices.svelte.ts';
import type { HowFar } from './run-story.ts';

type Step = Extract<InstallEvent, { type: 'progress' }>['step'];

const stepWords: Readonly<Record<Step, string>> = {
  fetch: 'Fetching TensorFlow',
  unpack: 'Unpacking',
  build: 'Compiling the binding',
  'self-test': 'Testing its gradients against the reference',
};

class EngineState {
  survey = $state.raw<Engines | null>(null);
  measuring = $state(false);
  native = $state.raw<NativeState | null>(null);
  /** Of the installation that runs; null when none does. */
  progress = $state.raw<Omit<HowFar, 'step'> | null>(null);
  #stop = new AbortController();

  chosen = $derived(this.survey?.engines.find(({ id }) => id === this.survey?.chosen) ?? null);

  /** Tries every engine, at once where that was not done since the host started. */
  async measure(again = false): Promise<void> {
    this.measuring = true;
    try {
      this.survey = await api.engines(again);
    } finally {
      this.measuring = false;
    }
  }

  async look(): Promise<void> {
    this.native = await api.nativeEngine();
  }

  /** `from`: the handle of a folder with the packages, for a computer without a network. */
  async install(build: NativeBuild, from?: string): Promise<void> {
    if (this.progress) return;
    this.#stop = new AbortController();
    this.progress = { words: 'Beginning', share: null, etaSeconds: null };
    let step: Step = 'fetch';
    let eta = createEta();
    try {
      for await (const event of api.installNative(build, from, this.#stop.signal)) {
        if (event.type === 'cancelled') return;
        if (event.type === 'failed') return notices.report(event.error);
        if (event.type === 'done') {
          notices.good('The native engine is installed');
          await this.measure();
          continue;
        }
        if (event.step !== step) eta = createEta();
        step = event.step;
        const { doneBytes, totalBytes } = event;
        const counted = totalBytes > 0;
        this.progress = {
          words: counted ? `${stepWords[step]}, ${mb(doneBytes)} of ${mb(totalBytes)} MB` : stepWords[step],
          share: counted ? doneBytes / totalBytes : null,
          etaSeconds: counted ? eta.after(doneBytes, totalBytes) : null,
        };
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) notices.fail(error);
    } finally {
      this.progress = null;
      await attempt(() => this.look());
    }
  }

  /** What was fetched is kept for the next time. */
  cancel(): void {
    this.#stop.abort();
  }

  async remove(): Promise<void> {
    await api.removeNative();
    await Promise.all([this.look(), this.measure()]);
  }
}

const mb = (bytes: number): string => Math.round(bytes / 1e6).toLocaleString('en');

export const engines = new EngineState();
