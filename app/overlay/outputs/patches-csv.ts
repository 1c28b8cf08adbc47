/** The patches of a prediction as a table, one line a patch. */
import type { Box } from '../../core/geometry.ts';
import { researchUseOnly } from '../../core/research-use.ts';
import { type Heatmap, patchBox } from '../heatmap.ts';

const ownColumns = ['x', 'y', 'width', 'height', 'pen'];

/**
 * `x,y,width,height` (level-0 px), where it is known `pen` (share of the patch under ink), a probability a class in a column of its name, and last a column whose name is the
 * research-use sentence: a comment line would break readers that take the first line for the header.
 */
export function patchesCsv(map: Heatmap, penOf?: (box: Box) => number): string {
  const { grid, classes } = map.header;
  const names = classes.map(({ name }) => (ownColumns.includes(name) ? `class ${name}` : name));
  const own = penOf ? ownColumns : ownColumns.slice(0, 4);
  const lines = [[...own, ...names, researchUseOnly].map(quote).join(',')];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const at = (row * grid.columns + column) * classes.length;
      if (Number.isNaN(map.values[at]!)) continue;
      const box = patchBox(grid, column, row);
      const { x, y, width, height } = box;
      const pen = penOf ? [short(penOf(box))] : [];
      const probabilities = classes.map((_, k) => map.values[at + k]!.toFixed(6));
      lines.push([x, y, width, height].map(short).concat(pen, probabilities, '').join(','));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Quoted where needed; a leading formula sign gets a quote mark, so that a spreadsheet does not run it. */
function quote(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** At most three decimals, none for whole numbers. */
function short(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
