/** What host and drawing process say to each other. */
import type { ErrorReport } from '../core/errors.ts';
import type { DemoSlideSpec } from './demo-slides.ts';

/** Host to drawing process. */
export interface DrawRequest {
  readonly type: 'draw';
  readonly spec: DemoSlideSpec;
  readonly file: string;
  readonly truthFile: string;
}

/** Drawing process to host. */
export type DrawReply =
  | { readonly type: 'progress'; readonly name: string; readonly done: number }
  | { readonly type: 'drawn'; readonly name: string }
  | { readonly type: 'failed'; readonly name: string; readonly error: ErrorReport };
