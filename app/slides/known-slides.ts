/** What the host knows of slide files, as they stand now: a description each, read anew when a file changes, and levels in the making. */
import { basename } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { SlideInfo } from '../core/slide.ts';
import type { DecodeWorkers } from './decode-workers.ts';
import { needsMadeLevel } from './level-choice.ts';
import { createPatience } from './silent-drive.ts';
import type { StepProgress } from './slide.ts';
import { slideChanged } from './slide-errors.ts';
import { type SlideSource, slideSource } from './slide-source.ts';
import { versionOf } from './slide-version.ts';
import { unlessAborted } from './unless-aborted.ts';

/** What is known of a look of a file as it stands now; a changed file is a new one. */
export interface Known {
  source: SlideSource;
  version: string;
  /** When the file was last seen to be of this version. */
  seenMs: number;
  readonly info: Promise<SlideInfo>;
  /** Those in its folder that belong to it; none until it is described. */
  files: readonly string[];
  levelsMade: LevelsMade | null;
  /** Calls that a process died of or ran too long on, by their text: asking again would only kill the next one. */
  readonly refused: Map<string, { error: EosinError; until: number }>;
}

/** Overview levels in the making. */
interface LevelsMade {
  readonly done: Promise<void>;
  progress: StepProgress | null;
  readonly listeners: Set<(progress: StepProgress) => void>;
  readonly stop: AbortController;
}

export interface KnownSlides {
  /** `seenWithinMs`: a file that was looked at so lately is not looked at again. */
  known(asked: string | SlideSource, seenWithinMs?: number): Promise<Known>;
  /** The same, refused with `slide/changed` where the file is not the slide that was asked for. */
  opened(asked: string | SlideSource, signal?: AbortSignal, seenWithinMs?: number): Promise<[Known, SlideInfo]>;
  /** The same, once its made levels are made where this downsample is read from one. */
  prepare(
    source: string | SlideSource,
    downsample: (info: SlideInfo) => number | null,
    signal?: AbortSignal,
    seenWithinMs?: number,
  ): Promise<Known>;
  /** The making of its overview levels, begun by the first who asks. */
  making(slide: Known): LevelsMade;
}

const noFiles: readonly string[] = [];
const slidesKnown = 256;
/** A drive that has not told a file's size after this time does not answer. */
const driveAnswersMs = 8_000;
/** What a file was refused for is taken as true for so long. */
export const refusedForMs = 60_000;

/** `deadlineMs` is the longest silence of a call. */
export function createKnownSlides(workers: DecodeWorkers, deadlineMs: number): KnownSlides {
  const slides = new Map<string, Known>();
  const patiently = createPatience(driveAnswersMs);

  const known = async (asked: string | SlideSource, seenWithinMs = 0): Promise<Known> => {
    const source = slideSource(asked);
    const { path } = source;
    const key = JSON.stringify(source);
    let version: string;
    for (;;) {
      const found = slides.get(key);
      if (found && performance.now() - found.seenMs < seenWithinMs) return found;
      const files = found?.files ?? noFiles;
      version = await patiently(path, () => versionOf(path, files));
      // Somebody else may have begun meanwhile, or learnt which files belong to it.
      if (slides.get(key) !== found || (found && found.files !== files)) continue;
      if (found?.version === version) {
        found.seenMs = performance.now();
        return found;
      }
      break;
    }
    const message = { kind: 'describe' as const, slide: source };
    const describing = workers.run<'describe', SlideInfo>(
      message,
      async ({ info, files }) => {
        // From here on the processes refuse another file, too: it may come between two looks of the host.
        slide.source = { ...source, fingerprint: info.fingerprint };
        if (files.length > 0) {
          const whole = await versionOf(path, files);
          Object.assign(slide, { files, version: whole });
        }
        return info;
      },
      { deadlineMs },
    );
    const slide: Known = {
      source,
      version,
      seenMs: performance.now(),
      info: describing,
      files: noFiles,
      levelsMade: null,
      refused: new Map(),
    };
    slides.set(key, slide);
    for (const oldest of slides.keys()) {
      if (slides.size <= slidesKnown) break;
      slides.delete(oldest);
    }
    describing.catch((thrown) => {
      // What says that the file is bad stays true while the file stays; trouble of the moment does not.
      if (!(thrown instanceof EosinError) || thrown.kind !== 'input') slides.delete(key);
      else setTimeout(() => slides.get(key) === slide && slides.delete(key), refusedForMs).unref();
    });
    return slide;
  };

  /** The same, refused where the file is not the slide that was asked for. */
  const opened = async (
    asked: string | SlideSource,
    signal?: AbortSignal,
    seenWithinMs?: number,
  ): Promise<[Known, SlideInfo]> => {
    const slide = await known(asked, seenWithinMs);
    const info = await unlessAborted(slide.info, signal);
    const expected = typeof asked === 'string' ? undefined : asked.fingerprint;
    if (expected !== undefined && info.fingerprint !== expected) throw slideChanged(basename(slide.source.path));
    return [slide, info];
  };

  const makeLevels = (slide: Known): LevelsMade => {
    const stop = new AbortController();
    const listeners = new Set<(progress: StepProgress) => void>();
    const done = workers
      .run<'make-levels', void>({ kind: 'make-levels', slide: slide.source }, async () => {}, {
        deadlineMs,
        signal: stop.signal,
        endsProcess: true,
        onStep(progress) {
          if (!progress) return;
          making.progress = progress;
          for (const listener of listeners) listener(progress);
        },
      })
      .then(() => {
        making.progress = null;
      })
      .catch((thrown) => {
        if (slide.levelsMade === making) slide.levelsMade = null;
        throw thrown;
      });
    const making: LevelsMade = { done, progress: null, listeners, stop };
    return making;
  };

  const making = (slide: Known): LevelsMade => (slide.levelsMade ??= makeLevels(slide));

  /** The slide's description, with its made levels made when this downsample is read from one. */
  const prepare = async (
    source: string | SlideSource,
    downsample: (info: SlideInfo) => number | null,
    signal?: AbortSignal,
    seenWithinMs?: number,
  ): Promise<Known> => {
    const [slide, info] = await opened(source, signal, seenWithinMs);
    const at = downsample(info);
    if (at === null || !needsMadeLevel(info.levels, at)) return slide;
    await unlessAborted(making(slide).done, signal);
    return slide;
  };

  return { known, opened, prepare, making };
}
