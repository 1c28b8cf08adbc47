/** Projects: create, add slides, show, and say which patient trains, validates, tests. */
import path from 'node:path';
import type { ErrorReport } from '../../app/core/errors.ts';
import { EosinError } from '../../app/core/errors.ts';
import type { PatientPart, ProjectView, SlideView } from '../../app/core/project.ts';
import { text, word, wrongUse } from './arguments.ts';
import { call } from './call.ts';
import type { Command } from './command.ts';
import { openProjectAt } from './open-project.ts';
import { table } from './table.ts';

export const projectCreate: Command = {
  name: 'project create',
  usage: 'DIR',
  summary: 'Makes an empty project folder; DIR ends in .eosin.',
  flags: {},
  async run({ words, terminal, app }) {
    const folder = path.resolve(word(words, 0, 'DIR'));
    const name = path.basename(folder).replace(/\.eosin$/, '');
    const started = await app();
    const parent = started.services.places.grant(path.dirname(folder));
    const project = await call<ProjectView>(started, 'POST', '/api/project/create', { name, folder: parent });
    terminal.result(project);
    if (!terminal.json) terminal.say(path.join(path.dirname(folder), `${name}.eosin`));
  },
};

export const projectAdd: Command = {
  name: 'project add',
  usage: 'DIR SLIDE... [--patient ID]',
  summary: 'Adds slides to a project.',
  flags: { patient: { type: 'string' } },
  async run({ words, flags, terminal, app }) {
    const started = await app();
    await openProjectAt(started, word(words, 0, 'DIR'));
    const slides = words.slice(1);
    if (slides.length === 0) throw wrongUse('SLIDE is missing.');
    const handles = slides.map((slide) => started.services.places.grant(path.resolve(slide)));
    const patient = text(flags, 'patient');
    const answer = await call<{ added: SlideView[]; refused: { name: string; error: ErrorReport }[] }>(
      started,
      'POST',
      '/api/slides',
      {
        handles,
        ...(patient === undefined ? {} : { patient }),
      },
    );
    terminal.result(answer);
    for (const { name } of answer.added) if (!terminal.json) terminal.say(`Added ${name}`);
    for (const { name, error } of answer.refused)
      terminal.note(`${name}: ${error.code}: ${error.message} ${error.remedy}`);
    const [first] = answer.refused;
    if (!first) return;
    const message = `${answer.refused.length} of ${handles.length} slides were refused.`;
    return new EosinError('project/slides-refused', first.error.kind, message, {
      remedy: 'The others were added; see the reasons above.',
    });
  },
};

export const projectShow: Command = {
  name: 'project show',
  usage: 'DIR',
  summary: 'Slides, classes, split and models of a project.',
  flags: {},
  async run({ words, terminal, app }) {
    const project = await openProjectAt(await app(), word(words, 0, 'DIR'));
    terminal.result(project);
    if (!terminal.json) terminal.say(describe(project));
  },
};

export const projectSplit: Command = {
  name: 'project split',
  usage: 'DIR PATIENT=train|validation|test ...',
  summary: 'Pins patients to a part of the split.',
  flags: {},
  async run({ words, terminal, app }) {
    const started = await app();
    await openProjectAt(started, word(words, 0, 'DIR'));
    if (words.length < 2) throw wrongUse('PATIENT=part is missing.');
    let split: PatientPart[] = [];
    for (const pin of words.slice(1)) {
      const [, patient, part] = /^(.+)=(train|validation|test)$/.exec(pin) ?? [];
      if (!patient) throw wrongUse(`"${pin}" is not PATIENT=train, PATIENT=validation or PATIENT=test.`);
      split = (await call<{ split: PatientPart[] }>(started, 'PUT', '/api/split', { patient, part })).split;
    }
    terminal.result({ split });
    if (!terminal.json)
      terminal.say(
        table(
          ['Patient', 'part'],
          split.map(({ patient, part }) => [patient, part]),
        ),
      );
  },
};

function describe(project: ProjectView): string {
  const slides = project.slides.map((slide) => [
    slide.name,
    slide.patient || 'unknown',
    slide.part ?? '–',
    slide.mpp ? slide.mpp.x.toFixed(3) : 'unknown',
    String(slide.regions),
    slide.status,
  ]);
  const models = project.models.map(({ id, name, validation }) => [
    id,
    name,
    validation?.balancedAccuracy.value.toFixed(3) ?? '–',
  ]);
  return [
    `${project.name}: ${project.classes.map(({ name }) => name).join(', ') || 'no classes yet'}`,
    table(['Slide', 'patient', 'part', 'µm/px', 'regions', 'status'], slides),
    ...(models.length ? [table(['Model', 'name', 'validation'], models)] : []),
  ].join('\n');
}
