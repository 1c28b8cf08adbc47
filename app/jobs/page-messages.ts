/**
 * A process that is lent a page, and its host between them:
 *
 *     process -- page-open -->  host     a window gives the page, or page-gone says why there is none
 *     process <- page-call --   host     the page asks (training/page/calls.ts); the host does not read it
 *     process -- page-answer -> host
 *     process <- page-gone --   host     closed, crashed, or there never was one
 *     process -- page-close ->  host
 */

/** none: no window could give one. closed: its window went away. crashed: what it ran in ended by itself. */
export type PageEnd = 'none' | 'closed' | 'crashed';

/** Host to process. */
export type ToPageOwner =
  | { readonly type: 'page-call'; readonly id: number; readonly frame: Uint8Array }
  | { readonly type: 'page-gone'; readonly how: PageEnd };

/** Process to host. */
export type FromPageOwner =
  | { readonly type: 'page-open' }
  | { readonly type: 'page-answer'; readonly id: number; readonly frame: Uint8Array }
  | { readonly type: 'page-close' };
