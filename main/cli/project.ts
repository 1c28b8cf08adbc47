/** Projects: create, add slides, find those that moved, show, and say which patient trains, validates, tests. */
import path from 'node:path';
import type { ErrorReport } from '../../app/core/errors.ts';
import { cancelled, EosinError } from '../../app/core/errors.ts';
import type { PatientPart, ProjectView, SlideView } from '../../app/core/project.ts';
import type { Ended } from '../../app/core/tell-while.ts';
import type { ImportEvent } from '../../app/slides/import-slides.ts';
import type { RelinkEvent } from '../../app/slides/relink-slides.ts';
import { text, word, wrongUse } from './arguments.ts';
import { call, callStream } from './call.ts';
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
  usage: 'DIR SLIDE_OR_FOLDER... [--patient ID]',
  summary: 'Adds slides to a project: files, DICOM folders, and all slides of a folder and those in it.',
  flags: { patient: { type: 'string' } },
  async run({ words, flags, terminal, signal, app }) {
    const started = await app();
    await openProjectAt(started, word(words, 0, 'DIR'));
    const chosen = words.slice(1);
    if (chosen.length === 0) throw wrongUse('SLIDE_OR_FOLDER is missing.');
    const handles = chosen.map((slide) => started.services.places.grant(path.resolve(slide)));
    const patient = text(flags, 'patient');
    const added: SlideView[] = [];
    const relinked: SlideView[] = [];
    const duplicates: { name: string; as: string }[] = [];
    const refused: { name: string; error: ErrorReport }[] = [];
    let pictures = 0;
    const body = { handles, ...(patient === undefined ? {} : { patient }) };
    const events = callStream<ImportEvent | Ended>(started, 'POST', '/api/slides/import', body);
    for await (const event of untilAborted(events, signal)) {
      if (event.type === 'failed') throw EosinError.fromReport(event.error);
      if (event.type === 'cancelled') throw cancelled();
      if (event.type === 'progress' && event.total > 1) {
        const { done, total, etaSeconds } = event;
        terminal.progress({ type: 'progress', stage: 'Adding', done, total, unit: 'files', etaSeconds });
      }
      if (event.type === 'added') {
        added.push(event.slide);
        if (!terminal.json) terminal.say(`Added ${event.slide.name}`);
      }
      if (event.type === 'relinked') {
        relinked.push(event.slide);
        if (!terminal.json) terminal.say(`Found again: ${event.slide.name}`);
      }
      if (event.type === 'duplicate') {
        duplicates.push({ name: event.name, as: event.as });
        terminal.note(`${event.name}: in the project already${event.name === event.as ? '' : `, as ${event.as}`}`);
      }
      if (event.type === 'refused') {
        refused.push({ name: event.name, error: event.error });
        terminal.note(`${event.name}: ${event.error.code}: ${event.error.message} ${event.error.remedy}`);
      }
      if (event.type === 'done') pictures = event.pictures;
    }
    const files = added.length + relinked.length + duplicates.length + refused.length;
    terminal.result({ files, added, relinked, duplicates, refused, pictures });
    if (files > 1 && !terminal.json) {
      const found = relinked.length > 0 ? `${relinked.length} found again, ` : '';
      terminal.say(
        `${files} files: ${added.length} added, ${found}${duplicates.length} there already, ${refused.length} refused`,
      );
    }
    if (pictures > 0)
      terminal.note(`${pictures} PNG or JPEG files in the folders were left out: name them to add them as slides.`);
    const [first] = refused;
    if (first) {
      return new EosinError('project/slides-refused', first.error.kind, `${refused.length} of ${files} were refused.`, {
        remedy: 'The others were added; see the reasons above.',
      });
    }
    if (files > 0) return;
    return new EosinError('project/no-slides', 'input', 'No slides were found there.', {
      remedy: 'Name a slide file, or a folder that holds some.',
    });
  },
};

export const projectRelink: Command = {
  name: 'project relink',
  usage: 'DIR FOLDER',
  summary: 'Looks in FOLDER, and the folders in it, for all slides of the project that are not where they were.',
  flags: {},
  async run({ words, terminal, signal, app }) {
    const started = await app();
    await openProjectAt(started, word(words, 0, 'DIR'));
    const folder = started.services.places.grant(path.resolve(word(words, 1, 'FOLDER')));
    const found: SlideView[] = [];
    const missing: { id: string; name: string }[] = [];
    const events = callStream<RelinkEvent | Ended>(started, 'POST', '/api/slides/relink', { folder });
    for await (const event of untilAborted(events, signal)) {
      if (event.type === 'failed') throw EosinError.fromReport(event.error);
      if (event.type === 'cancelled') throw cancelled();
      if (event.type === 'progress' && event.total > 1)
        terminal.progress({ ...event, stage: 'Looking', unit: 'slides' });
      if (event.type === 'found') {
        found.push(event.slide);
        if (!terminal.json) terminal.say(`Found ${event.slide.name}`);
      }
      if (event.type === 'not-found') {
        missing.push({ id: event.id, name: event.name });
        terminal.note(`Not found: ${event.name}`);
      }
    }
    terminal.result({ found, missing });
    const total = found.length + missing.length;
    if (!terminal.json)
      terminal.say(total === 0 ? 'No slide is missing.' : `${found.length} of ${total} missing slides found.`);
    if (missing.length === 0) return;
    return new EosinError('project/still-missing', 'missing', `${missing.length} slides were not found there.`, {
      remedy: 'Look in another folder; what was found is linked.',
    });
  },
};

/** The events until Ctrl-C, which ends the work behind them; what they brought about stays. */
async function* untilAborted<T>(events: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const event of events) {
    yield event;
    if (signal.aborted) throw cancelled();
  }
}

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
