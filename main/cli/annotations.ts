/** Annotations in and out of a project. */
import path from 'node:path';
import { EosinError } from '../../app/core/errors.ts';
import type { ProjectView, SlideView } from '../../app/core/project.ts';
import { writeWhole } from '../../app/files/write-whole.ts';
import { word } from './arguments.ts';
import { call, callText } from './call.ts';
import type { Command } from './command.ts';
import { openProjectAt } from './open-project.ts';

interface ImportReport {
  readonly kept: number;
  readonly changed: number;
  readonly refused: readonly string[];
  readonly warnings: readonly string[];
}

export const annotationsImport: Command = {
  name: 'annotations import',
  usage: 'DIR SLIDE FILE',
  summary: 'Reads QuPath GeoJSON into a slide of a project and says what was kept and refused.',
  flags: {},
  async run({ words, terminal, app }) {
    const started = await app();
    const slide = slideIn(await openProjectAt(started, word(words, 0, 'DIR')), word(words, 1, 'SLIDE'));
    const handle = started.services.places.grant(path.resolve(word(words, 2, 'FILE')));
    const report = await call<ImportReport>(started, 'POST', `/api/slides/${slide.id}/annotations/import`, { handle });
    terminal.result(report);
    if (!terminal.json)
      terminal.say(`${report.kept} regions kept, ${report.changed} changed, ${report.refused.length} refused.`);
    for (const line of [...report.refused, ...report.warnings]) terminal.note(`Note: ${line}`);
  },
};

export const annotationsExport: Command = {
  name: 'annotations export',
  usage: 'DIR SLIDE FILE',
  summary: 'Writes the regions of a slide as QuPath GeoJSON.',
  flags: {},
  async run({ words, terminal, app }) {
    const started = await app();
    const slide = slideIn(await openProjectAt(started, word(words, 0, 'DIR')), word(words, 1, 'SLIDE'));
    const file = path.resolve(word(words, 2, 'FILE'));
    await writeWhole(file, await callText(started, 'GET', `/api/slides/${slide.id}/annotations.geojson`));
    terminal.result({ file, regions: slide.regions });
    if (!terminal.json) terminal.say(`${slide.regions} regions written to ${file}`);
  },
};

/** A slide by id or name, with or without the file's ending or folder. */
export function slideIn(project: ProjectView, wanted: string): SlideView {
  const base = path.basename(wanted);
  const names = (slide: SlideView): string[] => [slide.id, slide.name, path.parse(slide.name).name];
  const found = project.slides.filter((slide) =>
    [wanted, base, path.parse(base).name].some((one) => names(slide).includes(one)),
  );
  if (found.length === 1) return found[0]!;
  throw new EosinError(
    'slide/unknown',
    'missing',
    `${found.length === 0 ? 'No slide' : 'More than one slide'} of this project is called "${wanted}".`,
    {
      remedy: `There are: ${project.slides.map(({ name }) => name).join(', ')}.`,
    },
  );
}
