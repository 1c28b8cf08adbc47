/** Labelling in the real window: project, slides, regions, saved at once and still there after a reload and a restart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { writeTestSlides } from './slides.ts';
import {
  addSlides,
  click,
  createProject,
  drag,
  drawRectangle,
  openSlide,
  openTab,
  press,
  regionCount,
  saved,
  slideShown,
  washShare,
} from './window.ts';

test('regions are drawn, saved at once, undone, and there again after a reload and a restart', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  let shell = await startShell();
  await writeTestSlides(shell.home);
  let opened = await openWindow(shell.address);
  t.after(async () => {
    await opened.browser.close();
    await shell.stop();
  });
  let { page } = opened;

  await step('the token is gone from the address', async () => {
    await page.getByRole('heading', { name: 'Eosin' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
  });

  await step('a project with two slides', async () => {
    await createProject(page, 'Labels');
    await page.getByRole('heading', { name: 'No slides yet' }).waitFor();
    await addSlides(page, 'half-micron.tiff', 'no-size.tiff');
    await slideShown(page);
    await openSlide(page, 'half-micron.tiff');
    assert.match((await page.getByTestId('scale-bar').textContent()) ?? '', /(µm|mm)$/);
    assert.match((await page.getByTestId('magnification').textContent()) ?? '', /×$/);
  });

  await step('rectangle: drag, then a class by its key', async () => {
    await drawRectangle(page, [260, 300], [380, 400]);
    await saved(page, 1);
    assert.equal(await regionCount(page), 1);
    await press(page, '2');
    await saved(page, 2);
    const list = page.getByRole('list', { name: 'Regions' });
    await list.getByRole('button', { name: /Stroma/ }).waitFor();
  });

  await step('polygon: corner by corner', async () => {
    await press(page, 'p');
    for (const place of [
      [420, 300],
      [520, 310],
      [500, 400],
      [430, 390],
    ] as const) {
      await click(page, place);
      await page.waitForTimeout(400);
    }
    await press(page, 'Enter');
    await saved(page, 3);
    assert.equal(await regionCount(page), 2);
  });

  await step('brush: paints, takes away with Alt, and makes a hole', async () => {
    await press(page, 'Escape', 'm', 'Escape', 'b');
    await drag(page, [
      [300, 480],
      [400, 480],
      [400, 520],
      [300, 520],
      [300, 480],
    ]);
    await saved(page, 4);
    assert.equal(await regionCount(page), 3);
    await page.keyboard.down('Alt');
    await drag(page, [
      [350, 470],
      [350, 471],
    ]);
    await page.keyboard.up('Alt');
    await saved(page, 5);
    assert.equal(await regionCount(page), 3, 'the same region, changed');
  });

  await step('undo and redo', async () => {
    await press(page, 'Control+z', 'Control+z');
    await saved(page, 7);
    assert.equal(await regionCount(page), 2);
    await press(page, 'Control+Shift+z');
    await saved(page, 8);
    assert.equal(await regionCount(page), 3);
  });

  await step('select and delete', async () => {
    await press(page, 'm');
    await click(page, [320, 350]);
    await press(page, 'Delete');
    await saved(page, 9);
    assert.equal(await regionCount(page), 2);
  });

  await step('a reload keeps everything', async () => {
    await page.reload();
    await slideShown(page);
    await openSlide(page, 'half-micron.tiff');
    await page.getByTestId('region-count').filter({ hasText: '2' }).waitFor();
  });

  await step('tissue mask over the slide', async () => {
    await press(page, 't');
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-layer="washes"]');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return Array.prototype.some.call(pixels, (value: number, index: number) => index % 4 === 3 && value > 0);
    });
    const share = await washShare(page);
    assert.ok(share > 0.05 && share < 0.9, `glass is darkened, tissue is not: ${share}`);
    await press(page, 't');
  });

  await step('a change that finds no answer stays in sight and is stored on the second try', async () => {
    await page.route('**/annotations', (route) => route.abort());
    await drawRectangle(page, [560, 300], [620, 360]);
    await page.locator('[data-testid="save-state"][data-state="failed"]').waitFor();
    await page.getByRole('alert').getByText('Eosin does not answer.').waitFor();
    assert.equal(await regionCount(page), 3, 'nothing is lost from the screen');
    await page.unroute('**/annotations');
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await saved(page, 1);
    await press(page, 'Delete');
    await saved(page, 2);
  });

  await step('a slide of unknown pixel size asks for it', async () => {
    await openSlide(page, 'no-size.tiff');
    assert.match((await page.getByTestId('scale-bar').textContent()) ?? '', /px$/);
    await page.getByLabel('µm a pixel').fill('0.25');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page
      .getByTestId('scale-bar')
      .filter({ hasText: /(µm|mm)$/ })
      .waitFor();
    await openTab(page, 'Slide');
    await page.getByText('set by hand', { exact: true }).waitFor();
  });

  await step('a patient', async () => {
    await page.getByLabel('Patient').fill('P1');
    await page.getByLabel('Patient').blur();
    await page.getByRole('navigation', { name: 'Slides' }).getByText('P1').waitFor();
  });

  await step('a new program on the same folder opens the project from its recents', async () => {
    assert.deepEqual(opened.problems, []);
    await opened.browser.close();
    shell = await shell.restart();
    opened = await openWindow(shell.address);
    page = opened.page;
    await page.getByRole('button', { name: /^Labels/ }).click();
    await openSlide(page, 'half-micron.tiff');
    await openTab(page, 'Label');
    await page.getByTestId('region-count').filter({ hasText: '2' }).waitFor();
    assert.deepEqual(opened.problems, []);
  });
});
