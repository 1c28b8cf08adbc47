/**
 * What the host and a decode process say to each other. Messages stay small: pixels and large pictures go through the call's slot, a file
 * that the host made, or straight into the file that the call names.
 *
 *     host      call ->
 *     process   <- ready (once)   <- step, step, ...   <- done | failed
 */
import type { ErrorReport } from '../core/errors.ts';
import type { RegionRequest, SlideInfo } from '../core/slide.ts';
import type { TissueMap } from '../core/tissue-map.ts';
import type { CopyReport, CopyRequest } from './deidentify/copy-slide.ts';
import type { StepProgress } from './slide.ts';
import type { CutRequest, PictureRequest } from './slide-pool.ts';
import type { SlideSource } from './slide-source.ts';
import type { TilePlace } from './tile-batches.ts';

export type RegionEncoding =
  | { readonly as: 'rgb' }
  | { readonly as: 'png' }
  | { readonly as: 'jpeg'; readonly quality: number };

export type DecodeCall =
  | { readonly kind: 'describe'; readonly slide: SlideSource }
  | ({ readonly kind: 'tile'; readonly slide: SlideSource } & TilePlace)
  | { readonly kind: 'tiles'; readonly slide: SlideSource; readonly places: readonly TilePlace[] }
  | {
      readonly kind: 'region';
      readonly slide: SlideSource;
      readonly request: RegionRequest;
      readonly encoding: RegionEncoding;
    }
  | { readonly kind: 'thumbnail'; readonly slide: SlideSource; readonly maxSidePx: number }
  | { readonly kind: 'associated'; readonly slide: SlideSource; readonly name: string }
  | { readonly kind: 'tissue-map'; readonly slide: SlideSource }
  | { readonly kind: 'make-levels'; readonly slide: SlideSource }
  | { readonly kind: 'cut-patches'; readonly slide: SlideSource; readonly request: CutRequest }
  | { readonly kind: 'decode-pictures'; readonly request: PictureRequest }
  | { readonly kind: 'deidentify'; readonly slide: SlideSource; readonly request: CopyRequest };

/** A tile of several: its picture, why there is none, or null where it is too large for the message and has to be asked for alone. */
export type TileAnswer =
  | { readonly type: string; readonly picture: Uint8Array }
  | { readonly error: ErrorReport }
  | null;

/** What `done` carries, by the kind of call; `bytes` says how much of the slot was filled. */
export interface DecodeResults {
  /** `files` are those of the slide in its folder, see `SlideFiles`. */
  describe: { info: SlideInfo; files: readonly string[] };
  /** A small picture comes with the message, which costs a third of a slot; a larger one is filled into the slot. */
  tile: { type: string; bytes: number } | { type: string; picture: Uint8Array };
  tiles: { answers: TileAnswer[] };
  region: { bytes: number; widthPx: number; heightPx: number };
  thumbnail: { bytes: number };
  associated: { bytes: number };
  /** In the slot: the scores, then the pen. */
  'tissue-map': Omit<TissueMap, 'scores' | 'pen'> & { bytes: number };
  'make-levels': Record<string, never>;
  'cut-patches': { focus: number[] };
  'decode-pictures': Record<string, never>;
  deidentify: CopyReport;
}

export type DecodeKind = DecodeCall['kind'];
export type CallOf<K extends DecodeKind> = Extract<DecodeCall, { kind: K }>;

export type ToDecode = { readonly type: 'call'; readonly id: number; readonly call: DecodeCall; readonly slot: string };

export type FromDecode =
  | { readonly type: 'ready' }
  | { readonly type: 'step'; readonly id: number; readonly progress?: StepProgress | undefined }
  | { readonly type: 'done'; readonly id: number; readonly result: DecodeResults[DecodeKind] }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorReport };
