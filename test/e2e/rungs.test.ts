/** Rungs in the real window, after a real small training: their table, one slide rung by rung, one of them chosen by hand. */

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createLiveRuns } from '../../app/jobs/live-runs.ts';
import { startTraining } from '../../app/jobs/project-runs.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { createBackboneLibrary } from '../../app/weights/backbone-library.ts';
import { startProcess } from '../../main/start-process.ts';
import { withoutChromium } from '../browser.ts';
import { openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addThreePatients } from './halves.ts';
import { openTab, slideShown } from './window.ts';

const patch = 64;

/** At the rung's rate it does harm and is undone. */
const recipe = checkRecipe({
  name: 'small',
  backbone: 'mobilenet-v2',
  attach: 'block_3',
  input: { sizePx: patch },
  head: { dropout: 0 },
  phases: [{ name: 'head', unfreeze: 0, epochs: 2, learningRate: 1e-3 }],
  ladder: { groups: 1, epochs: 1, learningRate: 0.3, rateDecay: 0.5, patience: 1 },
  augment: {},
  views: 1,
  batchSize: 6,
  capPerClass: 8,
});

test('the rungs of a training, a slide rung by rung, one of them chosen', { skip: withoutChromium }, async (t) => {
  const step = stepsOf(t);
  const study = openLabelledProject();
  t.after(() => study.close());
  const { project, pool, masks, folder } = study;
  await addThreePatients(study, { widthPx: patch * 10, heightPx: patch * 7, glassPx: patch });
  const live = createLiveRuns(project.runs);
  const own = { startProcess, appVersion: '0.1.0', threads: 2, scratchFolder: path.join(folder, 'scratch') };
  const deps = { pool, masks, backbones: createBackboneLibrary([]), ...own };
  const training = startTraining(project, live, deps, { recipe, engine: 'wasm' });
  for await (const event of live.events(training.id, 0)) assert.notEqual(event.type, 'failed', JSON.stringify(event));
  await live.close();
  project.close();

  const shell = await startShell(mkdtempSync(path.join(tmpdir(), 'eosin-e2e-')), ['--project', project.folder]);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const rows = page.getByTestId('rungs').locator('tbody');
  const scrubber = page.getByTestId('scrubber');
  const slider = page.getByRole('slider', { name: 'Rung over the slide' });

  await step('the table names each rung, what became of it, and the one in use', async () => {
    await slideShown(page);
    await openTab(page, 'Train');
    await rows.nth(3).waitFor();
    const texts = await rows.allTextContents();
    assert.match(texts[0]!, /Colour alone/);
    assert.match(texts[1]!, /Linear probe/);
    assert.match(texts[2]!, /head.*in use/s);
    assert.match(texts[3]!, /rung-1-block_3\s+undone.*[−+][\d.]+ ± [\d.]+/s);
  });

  await step('one slide rung by rung: the slider swaps what lies over it, and its numbers', async () => {
    await scrubber.getByRole('button', { name: 'Compare on this slide' }).click();
    await slider.waitFor({ timeout: 90_000 });
    assert.equal(await slider.getAttribute('aria-valuetext'), 'head, 3 of 4');
    const painted = page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-layer="washes"]');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels?.some((value) => value > 0);
    });
    await painted;
    await slider.focus();
    await page.keyboard.press('Home');
    assert.equal(await slider.getAttribute('aria-valuetext'), 'Colour alone, 1 of 4');
    await scrubber.getByText(/Agrees with \d+\s?% of the\s+60 labelled patches/).waitFor();
    await page.keyboard.press('ArrowRight');
    assert.equal(await slider.getAttribute('aria-valuetext'), 'Linear probe, 2 of 4');
    const ask = page.waitForRequest(/overlay\/0\/0\/0.*rung=1-rung-1-block_3/);
    await page.keyboard.press('End');
    await ask;
    await scrubber.getByText(/Agrees with/).waitFor();
    assert.deepEqual(await axeViolations(page), []);
  });

  await step('a rung is used: it is the model, and says that a person chose it', async () => {
    await page.getByRole('button', { name: 'Use this rung: Linear probe' }).click();
    await page
      .getByTestId('training-result')
      .getByText(/Linear probe, chosen by hand/)
      .waitFor({ timeout: 90_000 });
    assert.match((await rows.nth(1).textContent()) ?? '', /in use/);
    await openTab(page, 'Results');
    await page.getByRole('button', { name: /Linear probe/ }).waitFor();
  });

  assert.deepEqual(problems, []);
});
