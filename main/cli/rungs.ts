/** The rungs of a project's training runs: their table, one slide through all of them, one of them as the model. */
import path from 'node:path';
import type { App } from '../../app/app.ts';
import { EosinError } from '../../app/core/errors.ts';
import type { Evaluation } from '../../app/core/run.ts';
import type { RungOnSlide, RungRow } from '../../app/core/rung.ts';
import { word } from './arguments.ts';
import { call } from './call.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { startRun } from './follow-run.ts';
import { openProjectAt } from './open-project.ts';
import { eventPrinter, fixed } from './print-events.ts';
import { table } from './table.ts';

export const rungsList: Command = {
  name: 'rungs list',
  usage: 'DIR RUN|latest',
  summary: 'What each phase of a training run left, kept or undone, beside its linear probe and colour alone.',
  flags: {},
  async run({ words, terminal, app }) {
    const started = await app();
    const { runId, rungs } = await openRungs(started, words);
    terminal.result({ run: runId, rungs });
    if (!terminal.json) terminal.say(rungTable(rungs));
  },
};

export const rungsChoose: Command = {
  name: 'rungs choose',
  usage: 'DIR RUN|latest RUNG',
  summary: 'Makes a model of a rung by hand; it is then the model of its run. The look at the test part is recorded.',
  flags: {},
  async run({ words, terminal, app, signal }) {
    const started = await app();
    const { runId } = await openRungs(started, words);
    const start = { kind: 'choose-rung', trainingId: runId, rung: word(words, 2, 'RUNG') };
    const { result } = await startRun(started, start, eventPrinter(terminal), signal);
    const { validation, test } = result as { validation: Evaluation; test: Evaluation | null };
    const model = path.join(started.services.workspace.project().folders.models, String(result.model));
    terminal.result({ type: 'done', run: runId, rung: result.rung, model, validation, test });
    if (terminal.json) return;
    terminal.say(`\nValidation\n${evaluationText(validation)}`);
    if (test) terminal.say(`\nTest\n${evaluationText(test)}`);
    terminal.say(`\nModel  ${model}`);
  },
};

export const rungsCompare: Command = {
  name: 'rungs compare',
  usage: 'DIR RUN|latest SLIDE',
  summary:
    'Predicts a slide of the project (by name or id) with every rung: areas, and agreement with its labelled regions.',
  flags: {},
  async run({ words, terminal, app, signal }) {
    const started = await app();
    const { runId } = await openRungs(started, words);
    const wanted = word(words, 2, 'SLIDE');
    const slide = started.services.workspace
      .project()
      .slides.list()
      .find(({ id, name }) => id === wanted || name === wanted);
    if (!slide) {
      throw new EosinError('slide/unknown', 'missing', `The project has no slide ${wanted}.`, {
        remedy: 'List its slides with eosin project show.',
      });
    }
    const start = { kind: 'compare-rungs', trainingId: runId, slideId: slide.id };
    const compared = await startRun(started, start, eventPrinter(terminal), signal);
    const { rungs } = await call<{ rungs: RungOnSlide[] }>(
      started,
      'GET',
      `/api/runs/${compared.runId}/rungs-on-slide`,
    );
    terminal.result({ type: 'done', run: runId, slide: slide.name, rungs });
    if (terminal.json) return;
    const names = rungs[0]!.summary.classes.map(({ name }) => name);
    const rows = rungs.map(({ id, summary, agreement }) => {
      const all = Math.max(
        1,
        summary.classes.reduce((sum, { patches }) => sum + patches, 0),
      );
      const shares = summary.classes.map(({ patches }) => `${((100 * patches) / all).toFixed(0)} %`);
      return [
        id,
        ...shares,
        agreement ? fixed(agreement.balancedAccuracy) : '–',
        agreement ? String(agreement.patches) : '–',
      ];
    });
    terminal.say(`\n${table(['Rung', ...names, 'agreement', 'labelled'], rows)}`);
    terminal.say('Agreement: balanced accuracy on the patches that lie in labelled regions of this slide.');
  },
};

async function openRungs(app: App, words: readonly string[]): Promise<{ runId: string; rungs: RungRow[] }> {
  const project = await openProjectAt(app, path.resolve(word(words, 0, 'DIR')));
  const wanted = word(words, 1, 'RUN');
  const newest = [...project.runs].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  const runId = wanted === 'latest' ? newest.find(({ kind }) => kind === 'train')?.id : wanted;
  if (runId === undefined) {
    throw new EosinError('run/unknown', 'missing', 'Nothing was trained in this project yet.', {
      remedy: 'Train first: eosin train DIR.',
    });
  }
  const { rungs } = await call<{ rungs: RungRow[] }>(app, 'GET', `/api/runs/${encodeURIComponent(runId)}/rungs`);
  return { runId, rungs };
}

function rungTable(rungs: readonly RungRow[]): string {
  const rows = rungs.map(({ id, groups, epoch, valLoss, valAccuracy, fall, kept, inUse }) => [
    id,
    groups.join(' ') || '–',
    epoch === null ? '–' : String(epoch),
    valLoss === null ? '–' : fixed(valLoss, 4),
    fall === null ? '–' : `${(-fall.mean).toFixed(4)} ± ${fixed(fall.standardError, 4)}`,
    valAccuracy === null ? '–' : fixed(valAccuracy),
    kept === null ? '' : kept ? 'kept' : 'undone',
    inUse ? 'in use' : '',
  ]);
  return table(['Rung', 'learned', 'epoch', 'val. loss', 'change ± error', 'accuracy', '', ''], rows);
}
