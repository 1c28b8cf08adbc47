/** Labelling without a pointer: tools by letters, corners by the cross, classes, undo, the next slide, all by key. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { writeTestSlides } from './slides.ts';
import { addSlides, createProject, openSlide, press, regionCount, saved } from './window.ts';

test('rectangle, polygon, class, undo, next slide and the viewer alone by keys', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  await writeTestSlides(shell.home);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  await createProject(page, 'Keys');
  await addSlides(page, 'half-micron.tiff', 'no-size.tiff');
  await openSlide(page, 'half-micron.tiff');

  await step('rectangle from corner to corner', async () => {
    await press(page, 'r', 'Enter', 'Enter', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Enter');
    await saved(page, 1);
    assert.equal(await regionCount(page), 1);
  });

  await step('polygon; the last corner twice closes it', async () => {
    await press(page, 'p', 'ArrowLeft', 'Enter', 'Shift+ArrowLeft', 'Enter', 'Shift+ArrowUp', 'Enter', 'Enter');
    await saved(page, 2);
    assert.equal(await regionCount(page), 2);
  });

  await step('Backspace takes a corner back, Escape gives up', async () => {
    await press(page, 'Enter', 'ArrowLeft', 'Enter', 'Backspace', 'Escape');
    assert.equal(await regionCount(page), 2);
  });

  await step('class by number, undo', async () => {
    await press(page, '2');
    await saved(page, 3);
    await press(page, 'Control+z');
    await saved(page, 4);
  });

  await step('next slide and back', async () => {
    await press(page, 'n');
    await page.getByRole('application', { name: /no-size.tiff/ }).waitFor();
    await press(page, 'Shift+N');
    await page.getByRole('application', { name: /half-micron.tiff/ }).waitFor();
  });

  await step('Tab shows the viewer alone, Escape brings the panels back', async () => {
    await press(page, 'm', 'Tab');
    await page.getByRole('tablist').waitFor({ state: 'detached' });
    await press(page, 'Escape', 'Escape');
    await page.getByRole('tablist').waitFor();
  });

  await step('a letter in a text field stays a letter', async () => {
    await page.getByRole('tab', { name: 'Slide' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Stain').focus();
    await page.keyboard.type('rb');
    assert.equal(await page.getByLabel('Stain').inputValue(), 'rb');
    assert.equal(await page.getByRole('button', { name: 'Move and select' }).getAttribute('aria-pressed'), 'true');
  });

  await step('the command list opens a tab', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('results');
    await page.keyboard.press('Enter');
    await page.getByText('No model yet').waitFor();
  });

  await step('arrow keys go through the tabs', async () => {
    await page.getByRole('tab', { name: 'Results' }).focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.getByRole('tab', { name: 'Train' }).getAttribute('aria-selected'), 'true');
  });

  assert.deepEqual(problems, []);
});
