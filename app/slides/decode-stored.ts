/** Tiles of a batch, some of which the file leaves out: those are white. */

/** A stored tile with its place in the batch. */
type Placed<T> = T & { readonly place: number };

/**
 * @param read the stored tiles in the order asked for; null where the file has none.
 * @param decode gives them one after another, `tileBytes` each; not called for an empty batch.
 * @returns all tiles in the order asked for; what `decode` gave where none is missing.
 */
export async function decodeStored<T extends object>(
  read: readonly (T | null)[],
  tileBytes: number,
  decode: (stored: readonly Placed<T>[]) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const stored = read.flatMap((tile, place) => (tile ? [{ ...tile, place }] : []));
  if (stored.length === read.length && stored.length > 0) return decode(stored);
  const all = new Uint8Array(tileBytes * read.length).fill(255);
  if (stored.length === 0) return all;
  const decoded = await decode(stored);
  for (const [i, { place }] of stored.entries())
    all.set(decoded.subarray(i * tileBytes, (i + 1) * tileBytes), place * tileBytes);
  return all;
}
