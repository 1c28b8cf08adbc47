/**
 * Writes regions into the project named on the command line until it is killed. Each line on stdout is the id and revision
 * of a region whose change was acknowledged: it is written after `apply` has returned, straight to the descriptor.
 */
import { writeSync } from 'node:fs';
import { openProject } from '../../app/project.ts';
import { slideSize, square } from './temp-project.ts';

const project = openProject(process.argv[2]!, { user: 'writer' });
const slide = project.slides.list()[0]!;
const round = process.argv[3]!;
const options = { author: 'writer', slideSize };
writeSync(1, 'ready\n');
for (let i = 0; ; i++) {
  const before = { id: `${round}-${i}`, classId: null, geometry: square((i * 7) % 9000, (i * 13) % 7000) };
  project.annotations.apply(slide.id, { created: [before], updated: [], deleted: [] }, options);
  writeSync(1, `${before.id} 1\n`);
  if (i % 2) continue;
  const after = { ...before, geometry: square((i * 11) % 9000, (i * 17) % 7000, 50) };
  project.annotations.apply(slide.id, { created: [], updated: [{ before, after }], deleted: [] }, options);
  writeSync(1, `${before.id} 2\n`);
}
