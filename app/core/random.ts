/** Seeded randomness: one seed drives split, shuffle, augmentation, initial weights and dropout. Math.random is not used. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, limit). */
  integer(limit: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
}

/** FNV-1a with a murmur3 finaliser: a 32-bit hash of a text, stable across platforms and versions. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A stream of its own for every use: `randomFor(seed, 'augment', epoch, patch)` does not move when another use draws more.
 * Generator: sfc32 (Doty-Humphrey, PractRand), 128 bits of state.
 */
export function randomFor(seed: number, ...key: readonly (string | number)[]): Random {
  const name = key.join('/');
  let a = hashText(`${seed}:a:${name}`);
  let b = hashText(`${seed}:b:${name}`);
  let c = hashText(`${seed}:c:${name}`);
  let counter = 1;
  const bits = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const next = (): number => bits() / 4294967296;
  return {
    next,
    integer: (limit) => Math.floor(next() * limit),
    // Box-Muller; the second value is dropped so that one call always draws twice.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
