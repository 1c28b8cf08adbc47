/** The two made scanners of icc-patches.json; run with a folder it writes their profiles there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labOfXyz } from '../../fixtures/colour-science.ts';
import { type Triple, wideScanner, writeMatrixProfile, writeTableProfile } from '../../fixtures/icc-writer.ts';

/** What the scanner's numbers (0..1) are as a colour. */
export function labOfScanner(rgb: Triple): Triple {
  const linear = rgb.map((value) => value ** wideScanner.gamma);
  const xyz = [0, 1, 2].map((row) =>
    wideScanner.primaries.reduce((sum, column, i) => sum + column[row]! * linear[i]!, 0),
  );
  return labOfXyz(xyz as unknown as Triple);
}

export const iccProfiles = {
  matrix: writeMatrixProfile(wideScanner),
  table: writeTableProfile('Measured scanner', ([r, g, b]) => {
    const [lightness, a, bb] = labOfScanner([r, g, b]);
    return [lightness * 0.97, a * 0.9 + 2, bb * 0.9 - 3];
  }),
};

const folder = process.argv[2];
if (import.meta.main && folder)
  for (const [kind, profile] of Object.entries(iccProfiles)) writeFileSync(join(folder, `${kind}.icc`), profile);
