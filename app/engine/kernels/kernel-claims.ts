/**
 * How several threads share the pieces of one kernel's work without a lock: each claims the next piece until none is left, so a
 * thread that the system has put aside holds nobody up.
 *
 *     words   [round, claim, done, failed]     claim = pieces << 8 | next piece
 *     slots   [piece][kernel number, count of arguments, ...arguments]    float64, which holds every pointer and float32
 *
 * Slots are written before the claim word opens them, and not again before all of its pieces are done.
 */
export const ROUND = 0;
export const CLAIM = 1;
export const DONE = 2;
export const FAILED = 3;
const WORDS = 4;

/** Pieces of one round at the most. */
export const MOST_PIECES = 16;
const SLOT = 24;

/** What all threads of one engine share beside the heap. */
export interface Claims {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly slots: Float64Array<SharedArrayBuffer>;
}

export type Kernels = Readonly<Record<string, (...args: number[]) => void>>;

export function createClaims(): Claims {
  return {
    words: new Int32Array(new SharedArrayBuffer(WORDS * 4)),
    slots: new Float64Array(new SharedArrayBuffer(MOST_PIECES * SLOT * 8)),
  };
}

/** Opens a round: one piece a call. */
export function openRound({ words, slots }: Claims, kernel: number, calls: readonly (readonly number[])[]): void {
  for (const [piece, args] of calls.entries()) {
    slots[piece * SLOT] = kernel;
    slots[piece * SLOT + 1] = args.length;
    slots.set(args, piece * SLOT + 2);
  }
  Atomics.store(words, DONE, 0);
  Atomics.store(words, CLAIM, calls.length << 8);
  Atomics.add(words, ROUND, 1);
  Atomics.notify(words, ROUND);
}

/** Runs pieces until none is left to claim. A kernel that traps is noted, and its piece counts as done. */
export function runPieces({ words, slots }: Claims, kernels: Kernels, names: readonly string[]): void {
  for (;;) {
    const claim = Atomics.load(words, CLAIM);
    const piece = claim & 0xff;
    if (piece >= claim >> 8) return;
    if (Atomics.compareExchange(words, CLAIM, claim, claim + 1) !== claim) continue;
    const at = piece * SLOT;
    try {
      kernels[names[slots[at]!]!]!(...slots.subarray(at + 2, at + 2 + slots[at + 1]!));
    } catch {
      Atomics.store(words, FAILED, 1);
    }
    Atomics.add(words, DONE, 1);
    Atomics.notify(words, DONE);
  }
}
