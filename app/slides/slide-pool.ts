/** The host's only door to slide files: calls go to decode processes that are killed at their deadline and replaced. */
import { readFile } from 'node:fs/promises';
import { cancelled, EosinError } from '../core/errors.ts';
import type { ColourMode, RegionRequest, RgbImage, SlideInfo, SlideLevel } from '../core/slide.ts';
import type { TissueMap } from '../core/tissue-map.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { CallOf, DecodeKind, DecodeResults, RegionEncoding, TileAnswer } from './decode-messages.ts';
import { createDecodeWorkers } from './decode-workers.ts';
import type { CopyReport, CopyRequest } from './deidentify/copy-slide.ts';
import { createKnownSlides, type Known, refusedForMs } from './known-slides.ts';
import type { EncodedImage, StepProgress } from './slide.ts';
import type { SlideSource } from './slide-source.ts';
import { createTileBatches } from './tile-batches.ts';
import { maskDownsample } from './tissue-map.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface SlidePoolOptions {
  readonly startProcess: StartProcess;
  readonly processes: number;
  /** The longest silence of a call; work in several steps restarts it after each one. */
  readonly deadlineMs: number;
  /** Made overview levels live here, by fingerprint. */
  readonly cacheFolder: string;
  /** Resident memory of one process, polled where the system tells it (Linux). */
  readonly memoryLimitBytes?: number;
}

/** Patches of one slide and one size; neighbours in one call share their tiles. */
export interface CutRequest {
  /** Null writes nothing: only the focus is asked for. */
  readonly file: string | null;
  readonly sizePx: number;
  readonly downsample: number;
  /** Top-left corner in level-0 px; `offset` in bytes of `file`, where sizePx * sizePx * 3 bytes of RGB go. */
  readonly patches: readonly { readonly x: number; readonly y: number; readonly offset: number }[];
  /** Asks for the focus of each patch (focus.ts) without a margin of so many px. */
  readonly focusInsidePx?: number | undefined;
}

export interface PictureRequest {
  readonly file: string;
  readonly sizePx: number;
  readonly colour: ColourMode;
  readonly pictures: readonly { readonly path: string; readonly offset: number }[];
}

/** A bare path is the slide's default look. */
export interface SlidePool {
  describe(slide: string | SlideSource, signal?: AbortSignal): Promise<SlideInfo>;
  /** The names of all files in the slide's folder that it is read from; empty for a slide of one file. */
  filesOf(slide: string | SlideSource, signal?: AbortSignal): Promise<readonly string[]>;
  /** Makes the levels that have to be made, unless they are; the signal lets go of the work, which goes on. */
  prepare(
    slide: string | SlideSource,
    onProgress: (progress: StepProgress) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Ends the making of levels: whoever waits for them is refused with `job/cancelled`. */
  stopPreparing(slide: string | SlideSource): Promise<void>;
  tile(
    slide: string | SlideSource,
    at: { level: number; x: number; y: number },
    signal?: AbortSignal,
  ): Promise<EncodedImage>;
  region(slide: string | SlideSource, request: RegionRequest, signal?: AbortSignal): Promise<RgbImage>;
  regionJpeg(
    slide: string | SlideSource,
    request: RegionRequest,
    quality: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  regionPng(slide: string | SlideSource, request: RegionRequest, signal?: AbortSignal): Promise<Uint8Array>;
  /** JPEG of the whole slide. */
  thumbnail(slide: string | SlideSource, maxSidePx: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** JPEG of a label, macro or thumbnail picture. */
  associated(slide: string | SlideSource, name: string, signal?: AbortSignal): Promise<Uint8Array>;
  tissueMap(slide: string | SlideSource, signal?: AbortSignal): Promise<TissueMap>;
  /** Writes raw RGB patches straight into `request.file`; gives the focus of each, where it was asked for. */
  cutPatches(slide: string | SlideSource, request: CutRequest, signal?: AbortSignal): Promise<readonly number[]>;
  /** Decodes plain pictures, resized to a square of `sizePx` where they differ, as raw RGB into `request.file`. */
  decodePictures(request: PictureRequest, signal?: AbortSignal): Promise<void>;
  /** Writes a copy without names into an empty folder and searches it, see `copySlide`; the signal ends the work. */
  copyWithoutNames(
    slide: string | SlideSource,
    request: CopyRequest,
    onProgress: (progress: StepProgress) => void,
    signal?: AbortSignal,
  ): Promise<CopyReport>;
  close(): Promise<void>;
}

/** Tiles come in swarms: for those of one moment the file is looked at once. */
const momentMs = 100;
/** Output px that are encoded or moved within one deadline. */
const pixelsADeadline = 16e6;

/** Starts no process before the first call. */
export function createSlidePool(options: SlidePoolOptions): SlidePool {
  const startProcess: StartProcess = (entry) =>
    options.startProcess(entry, { env: { EOSIN_CACHE: options.cacheFolder } });
  const workers = createDecodeWorkers(startProcess, options.processes, options.memoryLimitBytes);
  const { known, opened, prepare, making } = createKnownSlides(workers, options.deadlineMs);

  const call = async <K extends DecodeKind, T>(
    slide: Known,
    message: CallOf<K>,
    take: (result: DecodeResults[K], slot: string) => Promise<T>,
    { pixels = 0, bulk, signal }: { pixels?: number; bulk?: boolean; signal?: AbortSignal | undefined },
  ): Promise<T> => {
    const key = JSON.stringify(message);
    const refusal = slide.refused.get(key);
    if (refusal && refusal.until > Date.now()) throw refusal.error;
    try {
      const deadlineMs = options.deadlineMs * (1 + pixels / pixelsADeadline);
      return await workers.run(message, take, { deadlineMs, bulk, signal });
    } catch (thrown) {
      if (thrown instanceof EosinError && thrown.code.startsWith('slide/decode-'))
        slide.refused.set(key, { error: thrown, until: Date.now() + refusedForMs });
      throw thrown;
    }
  };

  const region = async <T>(
    source: string | SlideSource,
    request: RegionRequest,
    encoding: RegionEncoding,
    take: (result: DecodeResults['region'], slot: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const slide = await prepare(source, () => request.downsample, signal);
    const pixels = request.widthPx * request.heightPx;
    return call<'region', T>(slide, { kind: 'region', slide: slide.source, request, encoding }, take, {
      pixels,
      signal,
    });
  };

  const tileOf = createTileBatches<Known>({
    lanes: options.processes,
    together: (slide, places, signal) =>
      call<'tiles', readonly TileAnswer[]>(
        slide,
        { kind: 'tiles', slide: slide.source, places },
        async ({ answers }) => answers,
        { signal },
      ),
    alone: (slide, place, signal) =>
      call<'tile', EncodedImage>(
        slide,
        { kind: 'tile', slide: slide.source, ...place },
        async (result, slot) => ({
          type: result.type,
          bytes: 'picture' in result ? result.picture : await readSlot(slot, result.bytes),
        }),
        { signal },
      ),
  });

  return {
    describe: async (source, signal) => (await opened(source, signal))[1],
    async filesOf(source, signal) {
      const [slide] = await opened(source, signal);
      return slide.files;
    },
    async prepare(source, onProgress, signal) {
      const [slide, info] = await opened(source, signal);
      if (!info.levels.some(({ compression }) => compression === 'made')) return;
      const { done, progress, listeners } = making(slide);
      if (progress) onProgress(progress);
      listeners.add(onProgress);
      await unlessAborted(done, signal).finally(() => listeners.delete(onProgress));
    },
    async stopPreparing(source) {
      (await known(source)).levelsMade?.stop.abort(cancelled());
    },
    async tile(source, { level, x, y }, signal) {
      const slide = await prepare(source, ({ levels }) => madeDownsample(levels[level]), signal, momentMs);
      return unlessAborted(tileOf(slide, { level, x, y }, signal), signal);
    },
    region: (source, request, signal) =>
      region(
        source,
        request,
        { as: 'rgb' },
        async ({ bytes, widthPx, heightPx }, slot) => ({ data: await readSlot(slot, bytes), widthPx, heightPx }),
        signal,
      ),
    regionJpeg: (source, request, quality, signal) =>
      region(source, request, { as: 'jpeg', quality }, ({ bytes }, slot) => readSlot(slot, bytes), signal),
    regionPng: (source, request, signal) =>
      region(source, request, { as: 'png' }, ({ bytes }, slot) => readSlot(slot, bytes), signal),
    async thumbnail(source, maxSidePx, signal) {
      const slide = await prepare(source, ({ widthPx, heightPx }) => Math.max(widthPx, heightPx) / maxSidePx, signal);
      const message = { kind: 'thumbnail' as const, slide: slide.source, maxSidePx };
      return call<'thumbnail', Uint8Array>(slide, message, ({ bytes }, slot) => readSlot(slot, bytes), { signal });
    },
    async associated(source, name, signal) {
      const [slide] = await opened(source, signal);
      const message = { kind: 'associated' as const, slide: slide.source, name };
      return call<'associated', Uint8Array>(slide, message, ({ bytes }, slot) => readSlot(slot, bytes), { signal });
    },
    async tissueMap(source, signal) {
      const slide = await prepare(source, maskDownsample, signal);
      return call<'tissue-map', TissueMap>(
        slide,
        { kind: 'tissue-map', slide: slide.source },
        async ({ bytes, ...rest }, slot) => {
          const both = await readSlot(slot, bytes);
          return { scores: both.subarray(0, bytes / 2), pen: both.subarray(bytes / 2), ...rest };
        },
        { signal },
      );
    },
    async cutPatches(source, request, signal) {
      const slide = await prepare(source, () => request.downsample, signal);
      const message = { kind: 'cut-patches' as const, slide: slide.source, request };
      return call<'cut-patches', number[]>(slide, message, async ({ focus }) => focus, { bulk: true, signal });
    },
    async decodePictures(request, signal) {
      const { deadlineMs } = options;
      await workers.run<'decode-pictures', void>({ kind: 'decode-pictures', request }, async () => {}, {
        deadlineMs,
        bulk: true,
        signal,
      });
    },
    async copyWithoutNames(source, request, onProgress, signal) {
      const [slide] = await opened(source, signal);
      const message = { kind: 'deidentify' as const, slide: slide.source, request };
      return workers.run<'deidentify', CopyReport>(message, async (report) => report, {
        deadlineMs: options.deadlineMs,
        bulk: true,
        signal,
        endsProcess: true,
        onStep: (progress) => progress && onProgress(progress),
      });
    },
    close: () => workers.close(),
  };
}

function madeDownsample(level: SlideLevel | undefined): number | null {
  return level?.compression === 'made' ? level.downsample : null;
}

async function readSlot(slot: string, bytes: number): Promise<Uint8Array> {
  const data = await readFile(slot);
  if (data.length !== bytes) throw new Error(`a slot holds ${data.length} bytes where ${bytes} were written`);
  return data;
}
