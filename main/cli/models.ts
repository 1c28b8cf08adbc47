/** Backbones of this computer, finished models of a project, or of a folder. */
import path from 'node:path';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import type { BackboneEntry } from '../../app/weights/backbone-library.ts';
import { requiredText, text, word } from './arguments.ts';
import type { Command } from './command.ts';
import { evaluationText } from './evaluation-text.ts';
import { openProjectAt } from './open-project.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const modelsList: Command = {
  name: 'models list',
  usage: '[--project DIR]',
  summary: 'The backbones of this computer; with --project the models of a project.',
  flags: { project: { type: 'string' } },
  async run({ flags, terminal, app }) {
    const started = await app();
    if (text(flags, 'project') === undefined) {
      listBackbones(terminal, started.services.backbones.list());
      return;
    }
    const { models } = await openProjectAt(started, requiredText(flags, 'project'));
    terminal.result({ models });
    const rows = models.map(({ id, name, createdAt, validation, test }) => [
      id,
      name,
      createdAt.slice(0, 16),
      validation?.balancedAccuracy.value.toFixed(3) ?? '–',
      test?.balancedAccuracy.value.toFixed(3) ?? '–',
    ]);
    if (!terminal.json) terminal.say(table(['Model', 'name', 'made', 'validation', 'test'], rows));
  },
};

export const modelsShow: Command = {
  name: 'models show',
  usage: 'MODEL',
  summary: 'The passport of a model folder, its files checked.',
  flags: {},
  async run({ words, terminal }) {
    const { passport } = await openModelFolder(path.resolve(word(words, 0, 'MODEL')));
    terminal.result(passport);
    if (terminal.json) return;
    terminal.say(`${passport.name} (${passport.id}), made ${passport.createdAt}`);
    terminal.say(
      `Classes ${passport.classes.map(({ name }) => name).join(', ')}; ${passport.sizePx} px at ${passport.mpp ?? 'unknown'} µm/px, colours ${passport.recipe.input.colour === 'srgb' ? 'through the slide’s profile' : 'as scanned'}`,
    );
    terminal.say(
      `Backbone ${passport.backbone.name} up to ${passport.attach}; recipe ${passport.recipe.name}, seed ${passport.seed}`,
    );
    if (passport.rung) terminal.say(`Rung ${passport.rung.name}, chosen ${passport.rung.chosen}`);
    terminal.say(`Weights: ${passport.backbone.provenance}`);
    if (passport.metrics.validation) terminal.say(`\nValidation\n${evaluationText(passport.metrics.validation)}`);
    if (passport.metrics.test) terminal.say(`\nTest\n${evaluationText(passport.metrics.test)}`);
    terminal.say(`\n${passport.researchUseOnly}`);
  },
};

function listBackbones(terminal: Terminal, backbones: readonly BackboneEntry[]): void {
  terminal.result({ backbones });
  if (terminal.json) return;
  for (const { name, title, atHand, provenance, licence, ownHead, wanted } of backbones) {
    terminal.say(`${atHand ? '●' : '○'} ${name}  ${title}${ownHead ? ', with its dense layers' : ''}`);
    terminal.say(`    ${atHand ? `${provenance?.replace(/\.$/, '')}. Licence: ${licence}.` : `No weights. ${wanted}`}`);
  }
}
