/** A damaged tile must be named, though tiles are decoded by the batch. */
import { damagedTile } from './slide-errors.ts';

/** Decodes a batch; when that fails, decodes its tiles one by one to say which of them is damaged. */
export async function decodeOrName<T extends { readonly index: number }>(
  decode: (stored: readonly T[]) => Promise<Uint8Array>,
  stored: readonly T[],
  nameTile: (index: number) => Record<string, number>,
): Promise<Uint8Array> {
  try {
    return await decode(stored);
  } catch (thrown) {
    for (const tile of stored) {
      await decode([tile]).catch((cause) => {
        throw damagedTile(nameTile(tile.index), cause);
      });
    }
    throw thrown;
  }
}
