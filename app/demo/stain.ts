/** From stain to light: Beer and Lambert's law, as Ruifrok and Johnston (2001) use it, looked up per pixel. */
import type { DemoStain } from './demo-slides.ts';

/** Steps of a stain plane that make one unit of stain. */
export const stepsPerUnit = 100;

/** Packed 0xbbggrr for each [haematoxylin step, eosin step], 256 x 256. */
export function stainTable({ haematoxylin, eosin, glass }: DemoStain): Uint32Array {
  const table = new Uint32Array(65536);
  for (let h = 0; h < 256; h++) {
    for (let e = 0; e < 256; e++) {
      let packed = 0;
      for (let c = 2; c >= 0; c--) {
        const density = (h * haematoxylin[c]! + e * eosin[c]!) / stepsPerUnit;
        packed = (packed << 8) | Math.round(glass[c]! * Math.exp(-density));
      }
      table[h * 256 + e] = packed;
    }
  }
  return table;
}
