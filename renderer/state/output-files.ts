/** The files that a prediction wrote, by the names that its result gives them. */
import type { RunView } from '../../app/core/project.ts';

const labels = { heatmap: 'Heat map', preview: 'Picture', csv: 'Patches', geojson: 'Regions', json: 'Facts' } as const;

export interface OutputFile {
  readonly label: string;
  readonly name: string;
}

/** Empty for a run that names none, such as one of an earlier version. */
export function outputFilesOf({ result }: Pick<RunView, 'result'>): OutputFile[] {
  const files = result?.files;
  if (typeof files !== 'object' || files === null) return [];
  const names = new Map<string, unknown>(Object.entries(files));
  return Object.entries(labels).flatMap(([kind, label]) => {
    const name = names.get(kind);
    return typeof name === 'string' ? [{ label, name }] : [];
  });
}
