/** Cuts patches out of a slide straight into a file: many from one decoding, each resampled once. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { focusOf } from './focus.ts';
import {
  boxUnder,
  checkRequest,
  groupBoxes,
  readWindows,
  type Sampling,
  type Scratch,
  samplingOn,
} from './region-reader.ts';
import { resample, type Window } from './resample.ts';
import type { OnStep } from './slide.ts';
import { fileError } from './slide-errors.ts';
import type { CutRequest } from './slide-pool.ts';
import type { TiffSlide } from './tiff-slide.ts';

/** Patches of one neighbourhood stand together, this many to a side. */
const neighbourhood = 8;

/** The last call's memory, for the next one. A call that begins beside another one has its own. */
let spare: Scratch | null = null;
const mostSpareBytes = 64 * 2 ** 20;

/**
 * Patch i goes to `offset` of `request.file` as [sizePx, sizePx, rgb]; the file is made when it is not there, never cut.
 * Gives the focus of patch i at i where it is asked for, else nothing.
 */
export async function cutPatches(slide: TiffSlide, request: CutRequest, onStep?: OnStep): Promise<number[]> {
  const { sizePx, downsample, focusInsidePx } = request;
  const focus: number[] = [];
  const level = await slide.levelFor(downsample, onStep);
  const sidePx = sizePx * downsample * neighbourhood;
  const patches = request.patches.map((patch, index) => {
    checkRequest({ ...patch, widthPx: sizePx, heightPx: sizePx, downsample });
    const sampling = settle(samplingOn(level, { ...patch, downsample }), sizePx);
    const row = Math.floor(patch.y / sidePx);
    const column = Math.floor(patch.x / sidePx);
    return { index, offset: patch.offset, sampling, box: boxUnder(sampling, sizePx, sizePx), row, column };
  });
  patches.sort((a, b) => a.row - b.row || a.column - b.column);
  const scratch = spare ?? { tiles: new Uint8Array(0), windows: new Uint8Array(0) };
  spare = null;
  const resampled = new Uint8Array(sizePx * sizePx * 3);
  const into = request.file === null ? withoutFile : writeInto.bind(null, request.file);
  await into(async (write) => {
    for (const group of groupBoxes(level, patches)) {
      const windows = await readWindows(
        level,
        group.map(({ box }) => box),
        scratch,
      );
      for (const [i, { index, offset, sampling }] of group.entries()) {
        const data = patchOf(windows[i]!, sampling, sizePx, resampled);
        if (focusInsidePx !== undefined) focus[index] = focusOf(data, sizePx, focusInsidePx);
        write(data, offset);
      }
      onStep?.();
    }
  });
  if (scratch.tiles.length + scratch.windows.length <= mostSpareBytes) spare = scratch;
  return focus;
}

/** The window itself where its px are taken as they are, else what it is resampled to. */
function patchOf(window: Window, { x, y, step }: Sampling, sizePx: number, resampled: Uint8Array): Uint8Array {
  if (step === 1 && x === window.x && y === window.y && window.data.length === resampled.length) return window.data;
  const target = { data: resampled, rowPx: sizePx, left: 0, top: 0, widthPx: sizePx, heightPx: sizePx };
  resample(window, x, y, step, step, target);
  return resampled;
}

type WritePatches = (write: (data: Uint8Array, offset: number) => void) => Promise<void>;

const withoutFile = (task: WritePatches): Promise<void> => task(() => {});

/**
 * A scale that differs from a stored one by less than half a px over the whole patch (a model of 0.5 µm per px on a slide of 0.499) is
 * the stored one: its px are taken as they are, which is sharper and ten times as quick as shifting them by a fraction.
 */
function settle(sampling: Sampling, sizePx: number): Sampling {
  const step = Math.round(sampling.step);
  if (step === 0 || Math.abs(sampling.step - step) * sizePx >= 0.5) return sampling;
  return { x: Math.round(sampling.x), y: Math.round(sampling.y), step };
}

/**
 * Opens a file for writing at offsets and closes it again; throws `disk/full` and its like in words. Nobody waits in a decode process
 * meanwhile: writing at once takes half the CPU time.
 */
export async function writeInto(path: string, task: WritePatches): Promise<void> {
  const inWords = (thrown: unknown): never => {
    throw fileError(thrown, basename(path));
  };
  const file = attempt(() => openSync(path, constants.O_RDWR | constants.O_CREAT), inWords);
  try {
    await task((data, offset) => {
      for (let done = 0; done < data.length; )
        done += attempt(() => writeSync(file, data, done, data.length - done, offset + done), inWords);
    });
  } finally {
    closeSync(file);
  }
}

function attempt<T>(act: () => T, refuse: (thrown: unknown) => never): T {
  try {
    return act();
  } catch (thrown) {
    return refuse(thrown);
  }
}
