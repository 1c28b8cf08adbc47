/** Cross-validation in the real window, without a training: how it is offered before the start, and what it found. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defaultPatchRule } from '../../app/core/patch-quality.ts';
import type { Evaluation } from '../../app/core/run.ts';
import { foldSpread } from '../../app/jobs/cross-validate.ts';
import { parseRecipe } from '../../app/training/recipe-book.ts';
import { withoutChromium } from '../browser.ts';
import type { Painter } from '../fixtures/tiff-writer.ts';
import { type LabelledProject, openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addHalves } from './halves.ts';
import { openTab, slideShown } from './window.ts';

const patch = 224;
const [widthPx, heightPx] = [patch * 4, patch * 3];

const recipe = parseRecipe(readFileSync(new URL('../../resources/recipes/quick.json', import.meta.url), 'utf8'));

/** A cross-validation of three folds, as it ends. */
function storeFolds({ project: { runs } }: LabelledProject): void {
  const folds = [0.9, 0.95, 1].map((value, i) => {
    const interval = { value, low: value, high: 1, unit: 'patch-level, one patient' as const };
    const test: Evaluation = {
      ...{ patches: 16, patients: 1, accuracy: interval, balancedAccuracy: interval, loss: 1 - value },
      ...{ classes: [], confusion: [], colourBaseline: null },
    };
    return { fold: i + 1, attach: 'block_8', test };
  });
  const spec = { recipe, engine: null, rule: defaultPatchRule, folds: 3 };
  const { id } = runs.create({ kind: 'train', title: 'Cross-validate quick', spec });
  runs.setState(id, 'done', { folds, ...foldSpread(folds) });
}

test('cross-validation is offered as far as the patients go, and its spread is shown', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-'));
  const study = openLabelledProject();
  t.after(() => study.close());
  for (const [at, name] of ['a.tif', 'b.tif', 'c.tif'].entries()) {
    const part = name === 'c.tif' ? 'validation' : 'train';
    const paint: Painter = (x, y) => (y < patch ? [244, 242, 246] : [x < widthPx / 2 ? 200 : 100, 120, 160 + at]);
    await addHalves(study, { name, part, widthPx, heightPx, glassPx: patch, paint });
  }
  storeFolds(study);
  study.project.close();
  const shell = await startShell(home, ['--project', study.project.folder]);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });

  await step('the last run tells mean and spread, and a row a fold', async () => {
    await slideShown(page);
    await openTab(page, 'Train');
    const result = page.getByTestId('training-result');
    await result.waitFor();
    assert.match(await result.innerText(), /Balanced accuracy 0\.95 ± 0\.05 over 3 folds of patients/);
    assert.equal(await result.getByRole('row').count(), 4);
    assert.deepEqual(await axeViolations(page), []);
  });

  await step('the table of runs has its mean', async () => {
    await page.getByRole('button', { name: /^All training runs/ }).click();
    const row = page.getByRole('row', { name: /quick, 3 folds/ });
    assert.match(await row.innerText(), /0\.950/);
    await page.keyboard.press('Escape');
  });

  await step('three patients allow three folds and not five', async () => {
    await page.getByRole('button', { name: 'Train again' }).click();
    const choice = page.getByLabel('Gives');
    await choice.waitFor();
    assert.deepEqual(await choice.locator('option').allInnerTexts(), ['a model', '3 folds by patient, no model']);
    await choice.selectOption({ index: 1 });
    assert.ok(await page.getByRole('button', { name: 'Cross-validate', exact: true }).isEnabled());
    assert.match(await page.getByRole('tabpanel').innerText(), /Every patient is judged once/);
    assert.deepEqual(await axeViolations(page), []);
  });

  assert.deepEqual(problems, []);
});
