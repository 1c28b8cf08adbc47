/** The host's side of the example slides: has them drawn by a few processes, or finds them drawn already. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { CancelSignal } from '../core/queue.ts';
import type { StartProcess, WorkerProcess } from '../core/worker-process.ts';
import { type CoarseRegion, coarseRegions } from './coarse-regions.ts';
import type { DrawReply, DrawRequest } from './demo-messages.ts';
import { type DemoSlideSpec, demoSlideSpecs, drawingKey } from './demo-slides.ts';
import { parseTruth } from './truth.ts';

export interface DemoSlide {
  readonly file: string;
  readonly name: string;
  readonly patient: string;
  readonly stain: string;
  readonly truthFile: string;
  /** As a pathologist would label the slide; none for the last slide, which is predicted. */
  readonly regions: readonly CoarseRegion[];
}

export interface DrawDemoOptions {
  readonly startProcess: StartProcess;
  readonly folder: string;
  /** Drawing processes at once. */
  readonly processes?: number;
  readonly specs?: readonly DemoSlideSpec[];
  /** `done` of `total` slides; fractions while one is being drawn. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly slide: string }) => void;
  readonly signal?: CancelSignal;
}

/**
 * Draws what is not in `folder` yet. On cancel and on failure the processes are ended; slides that were finished stay
 * and are not drawn again. Throws `demo/process` when a drawing process ends before its slide is done.
 */
export async function drawDemoSlides({
  startProcess,
  folder,
  processes = 2,
  specs = demoSlideSpecs,
  onProgress = () => {},
  signal,
}: DrawDemoOptions): Promise<{ readonly slides: readonly DemoSlide[] }> {
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  const fileOf = (spec: DemoSlideSpec): string => join(folder, `${spec.name}.tif`);
  const truthFileOf = (spec: DemoSlideSpec): string => join(folder, `${spec.name}.truth`);
  const done = new Map<string, number>();
  const tell = (name: string, share: number): void => {
    done.set(name, share);
    onProgress({ done: [...done.values()].reduce((a, b) => a + b, 0), total: specs.length, slide: name });
  };
  const waiting: DemoSlideSpec[] = [];
  for (const spec of specs) {
    if (await isDrawn(spec, fileOf(spec), truthFileOf(spec))) tell(spec.name, 1);
    else waiting.push(spec);
  }
  const started: WorkerProcess[] = [];
  const end = (): void => {
    for (const worker of started) worker.kill();
  };
  const draw = async (): Promise<void> => {
    const worker = startProcess('demo');
    started.push(worker);
    for (let spec = waiting.shift(); spec !== undefined; spec = waiting.shift()) {
      const { name } = spec;
      const request: DrawRequest = { type: 'draw', spec, file: fileOf(spec), truthFile: truthFileOf(spec) };
      await drawn(worker, request, (share) => tell(name, share));
    }
  };
  let onAbort = (): void => {};
  const cancel = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const crews = Array.from({ length: Math.min(processes, waiting.length) }, draw);
    await Promise.race([Promise.all(crews), cancel]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    end();
  }
  const slides = await Promise.all(
    specs.map(async (spec, i): Promise<DemoSlide> => {
      const truth = parseTruth(await readFile(truthFileOf(spec)));
      return {
        file: fileOf(spec),
        name: spec.name,
        patient: spec.patient,
        // All are H&E to a model's guard; how strongly each took is what the network must see past.
        stain: 'H&E',
        truthFile: truthFileOf(spec),
        regions: i === specs.length - 1 ? [] : coarseRegions(truth, spec.seed),
      };
    }),
  );
  return { slides };
}

/** True when this drawing of this slide is there; the truth is written after the slide. */
async function isDrawn(spec: DemoSlideSpec, file: string, truthFile: string): Promise<boolean> {
  try {
    const { size } = await stat(file);
    return size > 0 && parseTruth(await readFile(truthFile)).key === drawingKey(spec);
  } catch {
    // Missing or damaged: drawn anew.
    return false;
  }
}

function drawn(worker: WorkerProcess, request: DrawRequest, onShare: (share: number) => void): Promise<void> {
  const { name } = request.spec;
  return new Promise((resolve, reject) => {
    worker.onMessage((message) => {
      const reply = message as DrawReply;
      if (reply.name !== name) return;
      if (reply.type === 'progress') onShare(reply.done);
      else if (reply.type === 'drawn') resolve();
      else reject(EosinError.fromReport(reply.error));
    });
    worker.onExit(({ code, signal }) => {
      reject(
        new EosinError('demo/process', 'retry', 'The process that draws the example slides ended early.', {
          remedy: 'Free some memory and try again; slides that are finished are kept.',
          fields: { slide: name, code, signal },
        }),
      );
    });
    worker.send(request);
  });
}
