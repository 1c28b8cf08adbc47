/** The training page in the real window, without a training: what is said before the start, a recipe of one's own, runs compared. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { defaultPatchRule } from '../../app/core/patch-quality.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { JobEvent } from '../../app/core/run.ts';
import { parseRecipe } from '../../app/training/recipe-book.ts';
import { withoutChromium } from '../browser.ts';
import { type LabelledProject, openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addThreePatients } from './halves.ts';
import { openTab, slideShown } from './window.ts';

const patch = 224;

const shipped = (name: string): Recipe => {
  const file = new URL(`../../resources/recipes/${name}.json`, import.meta.url);
  return { ...parseRecipe(readFileSync(file, 'utf8')), backbone: 'mobilenet-v2' };
};

/** A run as a worker would have told it. */
function storeRun(study: LabelledProject, recipe: Recipe, state: 'done' | 'cancelled', valLosses: readonly number[]) {
  const { runs } = study.project;
  const spec = { recipe, engine: null, rule: defaultPatchRule };
  const { id } = runs.create({ kind: 'train', title: `Train with ${recipe.name}`, spec });
  const tell = (event: JobEvent): unknown => runs.appendEvent(id, event);
  tell({ type: 'engine', id: 'wasm', device: 'CPU', gradientError: 1e-6, threads: 2 });
  const phase = { name: 'head', index: 0, count: 2, learningRate: 1e-3, epochs: 30 };
  tell({ type: 'phase', ...phase, groups: ['head', 'top'] });
  for (const [i, valLoss] of valLosses.entries()) {
    const best = valLoss === Math.min(...valLosses.slice(0, i + 1));
    const scores = { loss: 1 / (i + 1), accuracy: 0.9, valLoss, valAccuracy: 0.8 };
    const rest = { learningRate: 1e-3, seconds: 30, imagesPerSecond: 100, best, etaSeconds: null };
    tell({ type: 'epoch', phase: 'head', epoch: i + 1, epochs: 30, ...scores, ...rest });
  }
  runs.setState(id, state, state === 'done' ? { attach: 'last' } : undefined);
  if (state === 'cancelled') tell({ type: 'cancelled' });
}

test('before the start, a recipe of one’s own, runs side by side', { skip: withoutChromium }, async (t) => {
  const step = stepsOf(t);
  const home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-'));
  const study = openLabelledProject();
  t.after(() => study.close());
  await addThreePatients(study, { widthPx: patch * 4, heightPx: patch * 3, glassPx: patch });
  storeRun(study, shipped('quick'), 'done', [0.9, 0.7, 0.6, 0.5]);
  const careful = { ...shipped('gradual-unfreezing'), batchSize: 8 };
  storeRun(study, careful, 'cancelled', [0.9, 0.6, 0.5, 0.55, 0.6, 0.7]);
  study.project.close();
  const shell = await startShell(home, ['--project', study.project.folder]);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const accessible = async (screen: string): Promise<void> => {
    for (const theme of ['dark', 'light', 'contrast']) {
      await page.evaluate((name) => {
        document.documentElement.dataset.theme = name;
      }, theme);
      assert.deepEqual(await axeViolations(page), [], `${screen}, ${theme}`);
    }
  };
  const editor = page.getByRole('dialog', { name: 'A recipe of your own' });

  await step('a run that was stopped says in words what its curves mean, and which groups are open', async () => {
    await slideShown(page);
    await openTab(page, 'Train');
    const words = page.getByTestId('curve-words');
    await words.waitFor();
    assert.equal(
      await words.textContent(),
      'Training loss falls but validation loss rises since epoch 4 of head: the network is memorising; stopped, best epoch 3 kept.',
    );
    const top = page.getByTestId('groups').getByRole('button', { name: /^top/ });
    assert.match((await top.textContent()) ?? '', /kept/);
    await top.click();
    await page.getByText('out_relu', { exact: false }).waitFor();
    await accessible('a run');
  });

  await step('before the start: what is thin, what cannot run here and why, the cost, the patches varied', async () => {
    await page.getByRole('button', { name: 'Train anew' }).click();
    await page.getByTestId('thin').getByText('Stroma: 4 patches of one patient in validation').waitFor();
    await page.getByText('2 patients to learn from, 1 to judge by').waitFor();
    await page
      .getByTestId('cost')
      .getByText(/of disk and .* of memory while it trains/)
      .waitFor();
    await page.getByText('Classic set-ups').click();
    const vgg = page.getByRole('radio', { name: /^vgg16-top The classic/ });
    assert.equal(await vgg.isDisabled(), true);
    await page.getByText('The weights of VGG16 are not on this computer.').first().waitFor();
    await page.getByText('Patches as the network sees them').click();
    await page.getByTestId('variations').waitFor();
    await accessible('before the start');
  });

  await step('a wrong value is said at its field, and nothing is kept until it is right', async () => {
    await page.getByRole('button', { name: /^Custom: change Quick/ }).click();
    await editor.getByRole('button', { name: /^Phases/ }).click();
    await fill(page, 'phases.1.epochs', '0');
    const epochs = page.locator('[data-field="phases.1.epochs"]');
    await epochs.getByRole('alert').getByText('At least 1.').waitFor();
    assert.equal(await epochs.locator('input').getAttribute('aria-invalid'), 'true');
    await accessible('the form with a wrong field');
    await editor.getByRole('button', { name: /^Optimizer/ }).click();
    await editor.getByRole('button', { name: 'Save and choose' }).click();
    await page.waitForFunction(
      () => document.activeElement?.closest('[data-field]')?.getAttribute('data-field') === 'phases.1.epochs',
    );
    await page.keyboard.type('3');
    await page.keyboard.press('Tab');
    await epochs.getByRole('alert').waitFor({ state: 'detached' });
  });

  await step('a recipe is kept in the project and chosen, with the fields of another kind of variation', async () => {
    await editor.getByRole('button', { name: 'Variation' }).click();
    await editor.locator('[data-field="augment.kind"] select').selectOption('keras');
    await fill(page, 'augment.rotation', '20');
    await editor.getByText('Patches as the network sees them').click();
    await editor.getByTestId('variations').waitFor();
    await editor.getByLabel('Name', { exact: true }).fill('quick');
    await editor.getByText('A recipe that comes with Eosin has this name.').waitFor();
    await editor.getByLabel('Name', { exact: true }).fill('three epochs');
    await editor.getByRole('button', { name: 'Save and choose' }).click();
    await editor.waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('radio', { name: /^three epochs/ }).isChecked(), true);
    const folder = path.join(study.project.folder, 'recipes');
    const [file] = readdirSync(folder);
    const kept = parseRecipe(readFileSync(path.join(folder, file!), 'utf8'));
    assert.deepEqual([kept.name, kept.backbone, kept.phases[1]?.epochs], ['three epochs', 'auto', 3]);
    assert.ok(kept.augment?.kind === 'keras' && kept.augment.rotation === 20);
  });

  await step('runs are sorted, compared, and one is the beginning of the next', async () => {
    await page.getByRole('button', { name: /^All training runs \(2\)/ }).click();
    const runs = page.getByRole('dialog', { name: 'Training runs' });
    const first = runs.getByRole('row').nth(1);
    await first.getByText('gradual-unfreezing').waitFor();
    await runs.getByRole('button', { name: 'Epochs' }).click();
    await first.getByText('quick').waitFor();
    assert.equal(await runs.getByRole('columnheader', { name: 'Epochs' }).getAttribute('aria-sort'), 'ascending');
    for (const box of await runs.getByRole('checkbox').all()) await box.check();
    const row = runs.getByTestId('comparison').getByRole('row', { name: /^batchSize/ });
    assert.match((await row.textContent()) ?? '', /32 patches.*8 patches/);
    await accessible('runs side by side');
    await runs.getByRole('button', { name: /^Train again with changes: gradual/ }).click();
    assert.equal(await editor.getByLabel('Name', { exact: true }).inputValue(), 'gradual-unfreezing again');
    await editor.getByRole('button', { name: /^Sampling/ }).click();
    assert.equal(await page.locator('[data-field="batchSize"] input').inputValue(), '8');
    await fill(page, 'batchSize', '4');
    await page.keyboard.press('Escape');
    await editor.getByText('Discard what you changed?').waitFor();
    await page.keyboard.press('Escape');
    await editor.waitFor({ state: 'detached' });
  });

  assert.deepEqual(problems, []);
});

async function fill(page: Page, field: string, value: string): Promise<void> {
  await page.locator(`[data-field="${field}"] input`).fill(value);
  await page.keyboard.press('Tab');
}
