/** From stain to light: Beer and Lambert's law, as Ruifrok and Johnston (2001) use it, looked up per pixel. */
import type { DemoStain } from './demo-slides.ts';

/** Steps of a stain plane that make one unit of stain. */
export const stepsPerUnit = 100;

/** Packed 0xbbggrr for each [haematoxylin step, eosin step], 256 x 256; values keep `room` from 0 and 255. */
export function stainTable({ haematoxylin, eosin, glass }: DemoStain, room: number): Int32Array {
  const table = new Int32Array(65536);
  for (let h = 0; h < 256; h++) {
    for (let e = 0; e < 256; e++) {
      let packed = 0;
      for (let c = 2; c >= 0; c--) {
        const density = (h * haematoxylin[c]! + e * eosin[c]!) / stepsPerUnit;
        const light = Math.round(glass[c]! * Math.exp(-density));
        packed = (packed << 8) | Math.min(255 - room, Math.max(room, light));
      }
      table[h * 256 + e] = packed;
    }
  }
  return table;
}
