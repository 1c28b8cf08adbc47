/** Curves of several runs as the columns of one chart: x counts epochs from 1; a run that ended earlier has no value there. */

export interface ComparedCurve {
  readonly name: string;
  readonly values: readonly number[];
  /** Name of a colour of the theme. */
  readonly colour: string;
  readonly dash: readonly number[];
}

/** How the first, second, third, fourth of the compared runs are drawn. */
export const comparedLooks: readonly Pick<ComparedCurve, 'colour' | 'dash'>[] = [
  { colour: '--accent', dash: [] },
  { colour: '--rose', dash: [7, 3] },
  { colour: '--good', dash: [2, 3] },
  { colour: '--text', dash: [9, 3, 2, 3] },
];

export function comparedColumns(curves: readonly ComparedCurve[]): [x: number[], ...values: (number | null)[][]] {
  const epochs = Math.max(0, ...curves.map(({ values }) => values.length));
  const x = Array.from({ length: epochs }, (_, i) => i + 1);
  return [x, ...curves.map(({ values }) => x.map((_, i) => values[i] ?? null))];
}
