/** The most probable classes as regions that QuPath reads: one annotation a region of joined cells. */
import { parseHex } from '../../core/colormap.ts';
import type { Point } from '../../core/geometry.ts';
import { researchUseOnly } from '../../core/research-use.ts';
import { gridRegions } from '../grid-regions.ts';
import { classAt, type Heatmap } from '../heatmap.ts';

interface Words {
  readonly model: string;
  readonly slide: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A FeatureCollection in level-0 px; the research-use sentence stands in it and in each region's properties. */
export function regionsGeoJson(map: Heatmap, words: Words): string {
  const { grid, classes, mpp } = map.header;
  const labels = new Int32Array(grid.columns * grid.rows);
  for (let cell = 0; cell < labels.length; cell++) {
    labels[cell] = classAt(map, cell % grid.columns, Math.floor(cell / grid.columns));
  }
  // Cells of a stride above the patch's side may reach beyond the slide.
  const place = ([column, row]: Point): Point => [
    inside(grid.x + column * grid.strideX, words.widthPx),
    inside(grid.y + row * grid.strideY, words.heightPx),
  ];
  const features = gridRegions(labels, grid.columns, grid.rows).map(({ classIndex, cells, polygon }) => {
    const { name, colour } = classes[classIndex]!;
    const areaUm2 = mpp === null ? null : cells.length * grid.strideX * mpp.x * grid.strideY * mpp.y;
    return {
      type: 'Feature',
      geometry: { type: 'Polygon', coordinates: polygon.map((ring) => [...ring, ring[0]!].map(place)) },
      properties: {
        objectType: 'annotation',
        name: `${name} (${words.model})`,
        classification: { name, color: parseHex(colour) },
        isLocked: true,
        measurements: {
          Patches: cells.length,
          [`Mean probability ${name}`]: round(meanProbability(map, cells, classIndex)),
          ...(areaUm2 === null ? {} : { 'Area um2': round(areaUm2) }),
        },
        metadata: { ANNOTATION_DESCRIPTION: `Predicted by ${words.model}. ${researchUseOnly}` },
        researchUseOnly,
      },
    };
  });
  return `${JSON.stringify({ type: 'FeatureCollection', researchUseOnly, model: words.model, slide: words.slide, features })}\n`;
}

function meanProbability(map: Heatmap, cells: readonly number[], classIndex: number): number {
  const classes = map.header.classes.length;
  let sum = 0;
  for (const cell of cells) sum += map.values[cell * classes + classIndex]!;
  return sum / cells.length;
}

function inside(value: number, limit: number): number {
  return round(Math.min(limit, Math.max(0, value)));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
