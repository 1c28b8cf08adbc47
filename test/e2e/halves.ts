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

/** Patients a.tif and b.tif to learn from, c.tif to judge by: grainy slides below a strip of glass, no two pictures alike. */
export async function addThreePatients(
  study: LabelledProject,
  size: Pick<Halves, 'widthPx' | 'heightPx' | 'glassPx'>,
): Promise<void> {
  for (const [at, name] of ['a.tif', 'b.tif', 'c.tif'].entries()) {
    const paint: Painter = (x, y) => {
      if (y < size.glassPx) return [244, 242, 246];
      const grain = (Math.imul(x * 7919 + y * 104_729 + at, 0x85ebca6b) >>> 16) & 31;
      return x < size.widthPx / 2 ? [200 + grain, 120 + grain, 165 + grain] : [100 + grain, 60 + grain, 150 + grain];
    };
    await addHalves(study, { name, part: name === 'c.tif' ? 'validation' : 'train', paint, ...size });
  }
}
