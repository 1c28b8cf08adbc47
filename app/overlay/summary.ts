/** A prediction in numbers: patches and area a class. */
import type { PredictionSummary } from '../core/project.ts';
import { classAt, type Heatmap } from './heatmap.ts';

/** Counts every cell for its most probable class; areas are null where the slide's mpp is unknown. */
export function summarize(map: Heatmap, runId: string): PredictionSummary {
  const { grid, classes, mpp } = map.header;
  const patches = classes.map(() => 0);
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const best = classAt(map, column, row);
      if (best >= 0) patches[best]!++;
    }
  }
  const cellUm2 = mpp === null ? null : grid.strideX * mpp.x * grid.strideY * mpp.y;
  return {
    slideId: map.header.slideId,
    runId,
    modelId: map.header.modelId,
    columns: grid.columns,
    rows: grid.rows,
    grid: { x: grid.x, y: grid.y, strideX: grid.strideX, strideY: grid.strideY },
    classes: classes.map(({ name, colour }, k) => ({
      name,
      colour,
      patches: patches[k]!,
      areaUm2: cellUm2 === null ? null : patches[k]! * cellUm2,
    })),
  };
}
