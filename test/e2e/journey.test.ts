/** The whole journey in the real window: example project, a region, training with its curves, a prediction, a reload. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import {
  chartPoints,
  drawRectangle,
  goOn,
  openExample,
  openSlide,
  openTab,
  predict,
  press,
  regionCount,
  saved,
  slideShown,
  startTraining,
  trainingEnd,
  washShare,
} from './window.ts';

const patienceMs = 500_000;

test('example, region, training, curves, prediction, overlay, reload', {
  skip: withoutChromium,
  timeout: 590_000,
}, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  let regions = 0;

  await step('the example project is drawn and opened', async () => {
    await openExample(page, patienceMs);
    await slideShown(page);
    await page
      .getByRole('navigation', { name: 'Slides' })
      .getByRole('button', { name: /^demo-6/ })
      .waitFor();
  });

  await step('a region is drawn and saved', async () => {
    regions = await regionCount(page);
    assert.ok(regions > 0, 'the example is labelled');
    await drawRectangle(page, [300, 330], [360, 390]);
    await saved(page, 1);
    assert.equal(await regionCount(page), regions + 1);
  });

  let stoppedAt = 0;
  let epochs = 0;
  await step('training is cancelled after an epoch, and says where it stopped', async () => {
    await startTraining(page);
    await page.getByTestId('chart-loss').waitFor({ timeout: patienceMs });
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    assert.equal(await trainingEnd(page), 'cancelled');
    assert.match(
      (await page.getByTestId('training-result').textContent()) ?? '',
      /The last run was stopped after epoch \d+ of \S+\. Go on, or train anew\./,
    );
    stoppedAt = await chartPoints(page, 'loss');
  });

  await step('it goes on to its end, and its curves have a point an epoch', async () => {
    await goOn(page);
    assert.equal(await trainingEnd(page, patienceMs), 'done');
    epochs = await chartPoints(page, 'loss');
    assert.ok(epochs > stoppedAt, `${epochs} epochs, ${stoppedAt} before`);
    assert.equal(await chartPoints(page, 'accuracy'), epochs);
    await page.getByTestId('groups').waitFor();
    assert.match((await page.getByTestId('curve-words').textContent()) ?? '', /best epoch \d+.* kept\.$/);
    assert.match(
      (await page.getByTestId('training-result').textContent()) ?? '',
      /Validation \d\.\d\d \[\d\.\d\d–\d\.\d\d\]/,
    );
    assert.deepEqual(await axeViolations(page), []);
  });

  await step('the sixth slide is predicted, and the heat map lies over it', async () => {
    await openSlide(page, 'demo-6');
    assert.equal(await washShare(page), 0);
    await predict(page, patienceMs);
    const share = await washShare(page);
    assert.ok(share > 0.1, `a share of ${share} of the view is painted`);
    assert.deepEqual(await axeViolations(page), []);
  });

  await step('opacity, and the probabilities under the pointer', async () => {
    const box = await page.locator('#viewer').boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page
      .getByRole('region', { name: 'Prediction' })
      .getByText(/^\d\.\d\d$/)
      .first()
      .waitFor();
    await press(page, 'h');
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-layer="washes"]');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels?.every((value) => value === 0);
    });
    await press(page, 'h');
  });

  await step('after a reload all is still there', async () => {
    await page.reload();
    await slideShown(page);
    await openSlide(page, 'demo-1');
    await openTab(page, 'Label');
    await page
      .getByTestId('region-count')
      .filter({ hasText: String(regions + 1) })
      .waitFor();
    await openTab(page, 'Train');
    await page.getByTestId('training-result').waitFor();
    await page.locator(`[data-testid="chart-loss"][data-points="${epochs}"]`).waitFor();
    await openSlide(page, 'demo-6');
    await openTab(page, 'Results');
    await page.getByTestId('areas').waitFor();
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-layer="washes"]');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels?.some((value) => value > 0);
    });
  });

  assert.deepEqual(problems, []);
});
