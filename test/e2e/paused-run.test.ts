/** A run that waits for an answer, and the pause of a running one, in the real window. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defaultPatchRule } from '../../app/core/patch-quality.ts';
import type { JobEvent } from '../../app/core/run.ts';
import { parseRecipe } from '../../app/training/recipe-book.ts';
import { withoutChromium } from '../browser.ts';
import { type LabelledProject, openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addThreePatients } from './halves.ts';
import { openTab, slideShown } from './window.ts';

const patch = 224;
const quick = readFileSync(new URL('../../resources/recipes/quick.json', import.meta.url), 'utf8');

/** A run whose loss ran away after its first epoch, as a worker would have told it. */
function storeAskingRun(study: LabelledProject): void {
  const { runs } = study.project;
  const recipe = { ...parseRecipe(quick), backbone: 'mobilenet-v2' };
  const { id } = runs.create({
    kind: 'train',
    title: 'Train with quick',
    spec: { recipe, engine: null, rule: defaultPatchRule },
  });
  const tell = (event: JobEvent): unknown => runs.appendEvent(id, event);
  const phase = { name: 'fine-tune', index: 1, count: 2, learningRate: 1e-4, epochs: 20 };
  tell({ type: 'phase', ...phase, groups: ['head', 'top'] });
  for (const [i, loss] of [0.2, 3, 4, 5].entries()) {
    const scores = { loss, accuracy: 0.6, valLoss: loss, valAccuracy: 0.6 };
    const rest = { learningRate: 1e-4, seconds: 30, imagesPerSecond: 100, best: i === 0, etaSeconds: null };
    tell({ type: 'epoch', phase: 'fine-tune', epoch: i + 1, epochs: 20, ...scores, ...rest });
  }
  tell({ type: 'diverging', phase: 'fine-tune', epoch: 4, bestEpoch: 1, learningRate: 1e-4 });
  runs.setState(id, 'cancelled');
  tell({ type: 'paused' });
}

test('a loss that ran away is asked about; a running training is paused and stays so', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-'));
  const study = openLabelledProject();
  t.after(() => study.close());
  await addThreePatients(study, { widthPx: patch * 4, heightPx: patch * 3, glassPx: patch });
  storeAskingRun(study);
  study.project.close();
  const shell = await startShell(home, ['--project', study.project.folder]);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const answers = page.getByRole('group', { name: 'How the training goes on' });

  await step('three answers, with the epoch and the rate that they mean', async () => {
    await slideShown(page);
    await openTab(page, 'Train');
    await answers.waitFor();
    assert.deepEqual(await answers.getByRole('button').allTextContents().then(trimmed), [
      'Back to epoch 1, at half the rate (5.0e-5)',
      'End fine-tune, keep epoch 1',
      'Go on as it is',
    ]);
    assert.equal(await page.getByRole('button', { name: 'Go on', exact: true }).count(), 0);
    for (const theme of ['dark', 'light', 'contrast']) {
      await page.evaluate((name) => {
        document.documentElement.dataset.theme = name;
      }, theme);
      assert.deepEqual(await axeViolations(page), [], theme);
      const { EOSIN_SCREENSHOTS: folder } = process.env;
      if (folder) await page.screenshot({ path: path.join(folder, `diverging-${theme}.png`) });
    }
  });

  await step(
    'an answer lets the run go on; paused before it has learned it asks again, in a new window too',
    async () => {
      await answers.getByRole('button', { name: /half the rate/ }).click();
      await page.getByRole('button', { name: 'Pause' }).click();
      await answers.waitFor();
      await page.getByText('Nothing running').waitFor();
      await page.reload();
      await slideShown(page);
      await openTab(page, 'Train');
      await answers.waitFor();
    },
  );

  assert.deepEqual(problems, []);
});

const trimmed = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/\s+/g, ' ').trim());
