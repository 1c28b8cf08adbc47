/** A slide below a strip of glass: gland on its left half, stroma on its right one, both labelled, its patient in a part of the split. */
import path from 'node:path';
import { boxPolygon } from '../../app/core/geometry.ts';
import type { SplitPart } from '../../app/core/project.ts';
import { type Painter, writeSlide } from '../fixtures/tiff-writer.ts';
import type { LabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { halfMicron } from './slides.ts';

export interface Halves {
  /** Also the patient's. */
  readonly name: string;
  readonly part: SplitPart;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly glassPx: number;
  readonly paint: Painter;
}

export async function addHalves(
  { project, pool, folder, label }: LabelledProject,
  { name, part, widthPx, heightPx, glassPx, paint }: Halves,
): Promise<void> {
  const file = path.join(folder, name);
  await writeSlide(file, [{ widthPx, heightPx, tilePx: 256, compression: 'deflate', paint, fields: halfMicron }]);
  const slide = project.slides.add({ absolutePath: file, info: await pool.describe(file), patient: name });
  for (const [i, className] of ['Gland', 'Stroma'].entries()) {
    const half = { x: (i * widthPx) / 2, y: glassPx, width: widthPx / 2, height: heightPx - glassPx };
    label(slide.id, className, [boxPolygon(half)]);
  }
  project.split.pin(name, part);
}
