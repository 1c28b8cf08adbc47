/** The process of a job answers what its page asks (training/page/calls.ts): each call is one of the ports of training. */
import { EosinError, reportOf } from '../core/errors.ts';
import type { JobEvent } from '../core/run.ts';
import { makeViews } from '../training/augment/make-views.ts';
import type { PageCallName, PageCalls, PageResult, PageStart } from '../training/page/calls.ts';
import { bytesOf, decodeFrame, encodeFrame, floatsIn, partBytes } from '../training/page/frame.ts';
import type {
  ArtifactSink,
  CacheStore,
  CacheStoreFactory,
  ForwardRunner,
  ForwardRunnerFactory,
  PatchSource,
} from '../training/ports.ts';

/** What one page is given; what is absent cannot be asked for. */
export interface PageWork {
  /** `weights` are the bytes behind `start.backbone.weights`, which is download 0. */
  readonly start: PageStart;
  readonly weights: Uint8Array;
  readonly learning: {
    readonly source: PatchSource;
    readonly caches: CacheStoreFactory;
    readonly forward: ForwardRunnerFactory;
    readonly sink: ArtifactSink;
  } | null;
  /** Aborted once the run is to pause: every answer then says so. */
  readonly pause: AbortSignal;
  readonly onEvent: (event: JobEvent) => void;
  readonly onFinish: (result: PageResult) => void;
}

export interface PageServer {
  /** Answers one frame with one; never throws. */
  answer(frame: Uint8Array): Promise<Uint8Array>;
  /** Closes caches and runners that the page has left open. */
  close(): Promise<void>;
}

type Handlers = { readonly [N in PageCallName]: (ask: PageCalls[N]['ask'], bytes: Uint8Array) => Promise<Answered> };
interface Answered {
  readonly answer: object;
  readonly bytes?: Uint8Array;
}

/** Serves one page from its `begin` to its `finish`. */
export function servePage(work: PageWork): PageServer {
  const { start, weights, pause, onEvent, onFinish } = work;
  const caches = createTable<{ store: CacheStore; rows: number; rowLength: number }>();
  const runners = createTable<ForwardRunner>();
  const downloads = createTable<Uint8Array>();
  const uploads = new Map<number, { bytes: Uint8Array; filled: number }>();
  downloads.add(weights);

  const learning = (): NonNullable<PageWork['learning']> => {
    if (work.learning) return work.learning;
    throw refused('this page has no training');
  };
  const uploaded = (id: number): Uint8Array => {
    const upload = uploads.get(id);
    uploads.delete(id);
    if (!upload || upload.filled !== upload.bytes.length) throw refused('an upload is not whole');
    return upload.bytes;
  };

  const handlers: Handlers = {
    begin: async () => ({ answer: start }),
    async patches({ indexes }) {
      const { source } = learning();
      const one = (source.sizePx + 2 * source.contextPx) ** 2 * 3;
      if (!indexes.every((index) => isPlace(index, source.count))) throw refused('no such patch');
      const bytes = new Uint8Array(indexes.length * one);
      await Promise.all(indexes.map((index, i) => source.read(index, bytes.subarray(i * one, (i + 1) * one))));
      return { answer: {}, bytes };
    },
    async views(request) {
      const { source } = learning();
      if (!request.views.every(({ patch }) => isPlace(patch, source.count))) throw refused('no such patch');
      return { answer: {}, bytes: await makeViews(source, request) };
    },
    async 'cache-open'({ name, rows, rowLength }) {
      const store = await learning().caches.create(name, rows, rowLength);
      return { answer: { cache: caches.add({ store, rows, rowLength }) } };
    },
    async 'cache-write'({ cache, row }, bytes) {
      const { store, rows, rowLength } = caches.get(cache);
      const values = floatsIn(bytes);
      const count = values.length / rowLength;
      if (!isPlace(row, rows) || !Number.isInteger(count) || row + count > rows) throw refused('no such row');
      for (let i = 0; i < count; i++) await store.write(row + i, values.subarray(i * rowLength, (i + 1) * rowLength));
      return { answer: {} };
    },
    async 'cache-read'({ cache, rows: wanted }) {
      const { store, rows, rowLength } = caches.get(cache);
      if (!wanted.every((row) => isPlace(row, rows))) throw refused('no such row');
      const values = new Float32Array(wanted.length * rowLength);
      const place = (i: number): Float32Array => values.subarray(i * rowLength, (i + 1) * rowLength);
      await Promise.all(wanted.map((row, i) => store.read(row, place(i))));
      return { answer: {}, bytes: bytesOf(values) };
    },
    async 'cache-close'({ cache }) {
      await caches.take(cache).store.close();
      return { answer: {} };
    },
    async 'runner-open'({ upload, threads }) {
      return { answer: { runner: runners.add(await learning().forward.create(uploaded(upload), threads)) } };
    },
    async 'runner-run'({ runner, count }, pixels) {
      const outputs = Object.entries(await runners.get(runner).run(pixels, count));
      const values = new Float32Array(outputs.reduce((sum, [, { length }]) => sum + length, 0));
      let at = 0;
      for (const [, one] of outputs) {
        values.set(one, at);
        at += one.length;
      }
      const lengths = outputs.map(([name, { length }]) => ({ name, length }));
      return { answer: { outputs: lengths }, bytes: bytesOf(values) };
    },
    async 'runner-close'({ runner }) {
      await runners.take(runner).close();
      return { answer: {} };
    },
    async upload({ upload: id, bytes: length }, part) {
      const upload = uploads.get(id) ?? { bytes: new Uint8Array(length), filled: 0 };
      uploads.set(id, upload);
      upload.bytes.set(part, upload.filled);
      upload.filled += part.length;
      return { answer: {} };
    },
    async put({ name, upload }) {
      await learning().sink.put(ownName(name), uploaded(upload));
      return { answer: {} };
    },
    async get({ name }) {
      const bytes = await learning().sink.get(ownName(name));
      return { answer: { file: bytes && { download: downloads.add(bytes), bytes: bytes.length } } };
    },
    async download({ download, from }) {
      const bytes = downloads.get(download);
      const part = bytes.subarray(from, from + partBytes);
      if (from + part.length === bytes.length) downloads.take(download);
      return { answer: {}, bytes: part };
    },
    async event({ event }) {
      onEvent(event);
      return { answer: {} };
    },
    async finish({ result }) {
      onFinish(result);
      return { answer: {} };
    },
  };

  return {
    async answer(frame) {
      try {
        const { header, bytes } = decodeFrame(frame);
        const { call, ask } = header as { call: PageCallName; ask: never };
        if (!Object.hasOwn(handlers, call)) throw refused('no such call');
        const answered = await handlers[call](ask, bytes);
        return encodeFrame({ answer: answered.answer, ...(pause.aborted ? { pause: true } : {}) }, answered.bytes);
      } catch (thrown) {
        return encodeFrame({ error: reportOf(thrown) });
      }
    },
    async close() {
      await Promise.all([...caches.values()].map(({ store }) => store.close()));
      await Promise.all([...runners.values()].map((runner) => runner.close()));
    },
  };
}

/** Things that a page names by number. */
function createTable<T>() {
  const entries = new Map<number, T>();
  let next = 0;
  const get = (id: number): T => {
    const entry = entries.get(id);
    if (entry === undefined) throw refused('no such number');
    return entry;
  };
  return {
    add(entry: T): number {
      entries.set(next, entry);
      return next++;
    },
    get,
    take(id: number): T {
      const entry = get(id);
      entries.delete(id);
      return entry;
    },
    values: () => entries.values(),
  };
}

/** A page's files lie in the folders that training writes, and nowhere else. */
function ownName(name: string): string {
  if (/^(checkpoints|rungs|model)(\/[\w-]+(\.[\w-]+)*){1,3}$/.test(name)) return name;
  throw refused('no such file');
}

function isPlace(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function refused(reason: string): EosinError {
  return new EosinError('page/refused', 'usage', `The training page asked for what is not its own: ${reason}.`, {
    remedy: 'Reload the window, then start again; report this if it comes back.',
    fields: { reason },
  });
}
