/** What no sound slide file exceeds; beyond it a file is refused before anything large is read or allocated. */
export const limits = {
  directories: 10_000,
  fieldsInDirectory: 4096,
  sidePx: 2 ** 31 - 1,
  pixels: 4e11,
  tileSidePx: { least: 16, most: 4096 },
  tileBytes: 64 * 2 ** 20,
  samples: 32,
  valueBytes: 16 * 2 ** 20,
  descriptionBytes: 4 * 2 ** 20,
  /** A description in XML, which may hold pictures (Philips). */
  xmlBytes: 64 * 2 ** 20,
  /** Of all directories together, so that many cannot share one huge table. */
  tiles: 20_000_000,
} as const;
