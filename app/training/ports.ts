/** What training needs from the outside, so that one code trains in a Node process and in a browser page. */
import type { Augment } from '../core/recipe-augment.ts';

/** One patch with a class, as the plan froze it. */
export interface PlannedPatch {
  /** Its place in the patch store. */
  readonly index: number;
  readonly classIndex: number;
  /** Groups cross-validation and bootstrap; two patches of one patient never stand in two parts. */
  readonly patient: string;
  /** The region it was cut from; sampling goes class, patient, region, patch. */
  readonly region: string;
  readonly part: 'train' | 'validation' | 'test';
}

/**
 * Raw patches, cut once:
 *
 *     [sizePx + 2 contextPx, sizePx + 2 contextPx, rgb] uint8, one after another
 *
 * The margin lets rotation and zoom look beyond the patch, so that nothing has to be filled.
 */
export interface PatchSource {
  readonly count: number;
  readonly sizePx: number;
  readonly contextPx: number;
  /** Copies patch `index` (with its margin) into `into`. */
  read(index: number, into: Uint8Array): Promise<void>;
  /** Makes views on other threads: [views, sizePx, sizePx, rgb] uint8. Absent: they are made on the calling one. */
  makeViews?(request: ViewsRequest): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ViewRequest {
  /** The patch's place in the store; with the view it decides the draw. */
  readonly patch: number;
  readonly view: number;
}

export interface ViewsRequest {
  readonly augment: Augment | null;
  readonly seed: number;
  readonly views: readonly ViewRequest[];
}

/** A numeric store of the activation cache: rows of `rowLength` float32, in a bounded file. */
export interface CacheStore {
  write(row: number, values: Float32Array): Promise<void>;
  read(row: number, into: Float32Array): Promise<void>;
  close(): Promise<void>;
}

export interface CacheStoreFactory {
  create(name: string, rows: number, rowLength: number): Promise<CacheStore>;
}

/** Where finished files go: each appears whole or not at all (temp, fsync, rename). */
export interface ArtifactSink {
  put(name: string, bytes: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | null>;
}

/** Runs a finished ONNX graph: uint8 pictures in, named float32 outputs out. */
export interface ForwardRunner {
  /** `pixels` is [n, size, size, rgb] uint8; each output is [n, ...] row by row. */
  run(pixels: Uint8Array, count: number): Promise<Record<string, Float32Array>>;
  close(): Promise<void>;
}

export interface ForwardRunnerFactory {
  /** `threads` 0 takes all that the job was given. */
  create(onnx: Uint8Array, threads: number): Promise<ForwardRunner>;
}
