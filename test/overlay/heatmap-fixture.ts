/** Small heat maps whose numbers a test can say beforehand. */
import { createHeatmap, type Heatmap, type HeatmapGrid, type HeatmapHeader } from '../../app/overlay/heatmap.ts';

export function headerOf(grid: Partial<HeatmapGrid> & { columns: number; rows: number }): HeatmapHeader {
  return {
    slideId: 's1',
    slideFingerprint: 'f'.repeat(64),
    modelId: 'm1',
    modelSha256: 'a'.repeat(64),
    classes: [
      { name: 'gland', colour: '#0072b2' },
      { name: 'stroma & fat', colour: '#e69f00' },
    ],
    grid: { x: 0, y: 0, strideX: 10, strideY: 10, patchWidth: 10, patchHeight: 10, ...grid },
    mpp: { x: 0.5, y: 0.25 },
    settings: { tissue: 0.5 },
  };
}

/** A picture of classes: `g` gland, `s` stroma (0.75 each), `.` nothing predicted. */
export function heatmapOf(lines: readonly string[], grid: Partial<HeatmapGrid> = {}): Heatmap {
  const map = createHeatmap(headerOf({ ...grid, columns: lines[0]!.length, rows: lines.length }));
  [...lines.join('')].forEach((sign, cell) => {
    if (sign !== '.') map.values.set(sign === 'g' ? [0.75, 0.25] : [0.25, 0.75], cell * 2);
  });
  map.rowsDone = lines.length;
  return map;
}
