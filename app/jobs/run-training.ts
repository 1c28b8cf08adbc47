/**
 * A training in the job's process: on the best engine that this process can open, or in a page with the GPU of a window.
 *
 *     native-cuda -> native-cpu -> webgpu (Dawn, here) -> webgpu (a page) -> wasm      the first that passes its self-test
 */
import { EosinError } from '../core/errors.ts';
import type { JobEvent } from '../core/run.ts';
import type { EngineId, TestedEngine } from '../engine/engine.ts';
import type { TrainPorts } from '../training/prepare.ts';
import type { FromWorker, LearningSpec, TrainSpec } from './job-spec.ts';
import { fileCaches, folderSink, openPatchSource } from './node-ports.ts';
import type { PageLine } from './page-line.ts';
import { withViewThreads } from './view-threads.ts';
import { learnInPage } from './work-in-page.ts';

/** The activation cache may not fill the disk of a lab computer. */
const cacheLimitBytes = 20e9;

/** TensorFlow.js is loaded here and nowhere else, so that a prediction never pays for it. */
export async function runTraining(
  { runFolder, store, backbone, ...spec }: TrainSpec,
  send: (message: FromWorker) => void,
  { cancel, pause }: { readonly cancel: AbortSignal; readonly pause: AbortSignal },
  line: PageLine,
): Promise<FromWorker> {
  const [{ onnxForward }, { loadBackbone }] = await Promise.all([
    import('../inference/onnx-node.ts'),
    import('../weights/load-backbone-node.ts'),
  ]);
  const loaded = await loadBackbone(backbone);
  const source = withViewThreads(await openPatchSource(store), store, spec.threads);
  const caches = fileCaches(`${runFolder}/cache`, cacheLimitBytes);
  const learning = { source, caches, forward: onnxForward, sink: folderSink(runFolder) };
  const emit = (event: JobEvent): void => send({ type: 'event', event });
  const inPage = (): Promise<FromWorker> => learnInPage(line, spec, { learning, loaded }, emit, { cancel, pause });
  try {
    const place = await firstThatWorks(spec, inPage);
    if ('ended' in place) return place.ended;
    return await learnHere(spec, { engine: place.engine, ...loaded, ...learning, pause }, emit, cancel);
  } finally {
    await source.close();
  }
}

/** An engine of this process; or how the work in a page ended, where the GPU of a window comes before that engine. */
async function firstThatWorks<T>(
  { engine: wanted, threads }: LearningSpec,
  inPage: () => Promise<T>,
): Promise<{ readonly engine: TestedEngine } | { readonly ended: T }> {
  const { ladder, openBestEngine } = await import('../engine/node.ts');
  const open = async (id: EngineId) => ({ engine: await openBestEngine(id, { threads }) });
  if (wanted !== null && wanted !== 'webgpu') return await open(wanted);
  const rungs = (await ladder()).map(({ id }) => id);
  let here: unknown = null;
  for (const id of wanted ? [wanted] : rungs.slice(0, rungs.indexOf('webgpu') + 1)) {
    try {
      return await open(id);
    } catch (thrown) {
      if (!isUnusable(thrown)) throw thrown;
      here = thrown;
    }
  }
  try {
    return { ended: await inPage() };
  } catch (thrown) {
    if (!isUnusable(thrown)) throw thrown;
    if (wanted === null) return await open('wasm');
    // Without a window there is only what this process has found.
    throw (thrown as EosinError).code === 'page/none' ? here : thrown;
  }
}

const unusable = ['engine/not-usable', 'engine/self-test', 'page/none'];

function isUnusable(thrown: unknown): boolean {
  return thrown instanceof EosinError && unusable.includes(thrown.code);
}

async function learnHere(
  spec: LearningSpec,
  ports: TrainPorts,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<FromWorker> {
  const [{ train }, { findRates }] = await Promise.all([
    import('../training/train.ts'),
    import('../training/find-rate.ts'),
  ]);
  try {
    if (spec.kind === 'find-rate') {
      await findRates(spec, ports, emit, signal);
      return { type: 'finished' };
    }
    const outcome = await train(spec, ports, emit, signal);
    const peak = (process.resourceUsage().maxRSS * 1024) / 1e9;
    emit({ type: 'note', level: 'info', text: `The training process took ${peak.toFixed(1)} GB of memory at most.` });
    return { type: 'trained', outcome };
  } finally {
    await ports.engine.close();
  }
}
