/** The host's only door to slide files: calls go to decode processes that are killed at their deadline and replaced. */
import type { RegionRequest, RgbImage, SlideInfo, TissueMask } from '../core/slide.ts';
import type { StartProcess } from '../core/worker-process.ts';
import type { EncodedImage } from './slide.ts';

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
  readonly file: string;
  readonly sizePx: number;
  readonly downsample: number;
  /** Top-left corner in level-0 px; `offset` in bytes of `file`, where sizePx * sizePx * 3 bytes of RGB go. */
  readonly patches: readonly { readonly x: number; readonly y: number; readonly offset: number }[];
}

export interface PictureRequest {
  readonly file: string;
  readonly sizePx: number;
  readonly pictures: readonly { readonly path: string; readonly offset: number }[];
}

export interface SlidePool {
  describe(path: string, signal?: AbortSignal): Promise<SlideInfo>;
  tile(path: string, at: { level: number; x: number; y: number }, signal?: AbortSignal): Promise<EncodedImage>;
  region(path: string, request: RegionRequest, signal?: AbortSignal): Promise<RgbImage>;
  regionJpeg(path: string, request: RegionRequest, quality: number, signal?: AbortSignal): Promise<Uint8Array>;
  regionPng(path: string, request: RegionRequest, signal?: AbortSignal): Promise<Uint8Array>;
  /** JPEG of the whole slide. */
  thumbnail(path: string, maxSidePx: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** JPEG of a label, macro or thumbnail picture. */
  associated(path: string, name: string, signal?: AbortSignal): Promise<Uint8Array>;
  tissueMask(path: string, signal?: AbortSignal): Promise<TissueMask>;
  /** Writes raw RGB patches straight into `request.file`. */
  cutPatches(path: string, request: CutRequest, signal?: AbortSignal): Promise<void>;
  /** Decodes plain pictures, resized to a square of `sizePx` where they differ, as raw RGB into `request.file`. */
  decodePictures(request: PictureRequest, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createSlidePool(_options: SlidePoolOptions): SlidePool {
  throw new Error('the pool is being built');
}
