/** How a slide is looked at: focal planes and the colour profile, which have controls only where a slide has them. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { withoutChromium } from '../browser.ts';
import { writeDicom } from '../fixtures/dicom-writer.ts';
import { wideScanner, writeMatrixProfile } from '../fixtures/icc-writer.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { writeTestSlides } from './slides.ts';
import { addSlides, createProject, openSlide, openTab, press } from './window.ts';

/** Five planes 1.5 µm apart around the focus, whose blue is the plane's number, on a scanner with a profile. */
async function writeStack(file: string): Promise<void> {
  const opticalPath = { tag: 0x00282000, vr: 'OB', value: writeMatrixProfile(wideScanner) };
  const stack = await writeDicom({
    widthPx: 640,
    heightPx: 480,
    tileWidthPx: 160,
    tileHeightPx: 160,
    focalPlanes: 5,
    planesUm: { first: -3, step: 1.5 },
    paint: () => [180, 60, 0],
    paintPlane: (plane) => 40 + plane * 40,
    elements: [{ tag: 0x00480105, vr: 'SQ', value: [[opticalPath]] }],
  });
  writeFileSync(file, stack);
}

/** The colour in the middle of the stage. */
function middle(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.slide .openseadragon-canvas canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    return [...data.subarray(0, 3)];
  });
}

async function middleBecomes(page: Page, is: (rgb: number[]) => boolean, what: string): Promise<void> {
  for (let patience = 100; ; patience--) {
    const rgb = await middle(page);
    if (is(rgb)) return;
    assert.ok(patience > 0, `${what}: the middle of the stage is ${rgb}`);
    await page.waitForTimeout(100);
  }
}

/** How many entries of the command list these words find. */
async function commandsNamed(page: Page, words: string): Promise<number> {
  await page.keyboard.press('Control+k');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').fill(words);
  const found = await dialog.getByRole('option').count();
  // The first one empties the field.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  return found;
}

const blueIs =
  (blue: number) =>
  (rgb: number[]): boolean =>
    Math.abs(rgb[2]! - blue) <= 4;

test('focus and colours have controls where a slide has them, and nowhere else', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  await writeTestSlides(shell.home);
  await writeStack(path.join(shell.home, 'stack.dcm'));
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const focus = page.getByRole('region', { name: 'Focus' });
  const colours = page.getByRole('button', { name: /^Colours through/ });

  await step('a slide of one plane without a profile has neither', async () => {
    await createProject(page, 'Look');
    await addSlides(page, 'half-micron.tiff', 'stack.dcm');
    await openSlide(page, 'half-micron.tiff');
    assert.deepEqual([await focus.count(), await colours.count()], [0, 0]);
    assert.equal(await page.getByTestId('colours').count(), 0);
    assert.equal(await commandsNamed(page, 'zoom'), 2);
    assert.equal(await commandsNamed(page, 'focus'), 0);
  });
  await step('planes are stepped by keys and slider, and named in µm', async () => {
    await openSlide(page, 'stack.dcm');
    await focus.waitFor();
    assert.equal(await commandsNamed(page, 'focus'), 2);
    assert.match((await page.getByTestId('focus').innerText()).replace(/\s+/g, ' '), /^0 µm 3 of 5$/);
    await middleBecomes(page, blueIs(120), 'plane 3');
    await press(page, 'PageUp');
    assert.match((await page.getByTestId('focus').innerText()).replace(/\s+/g, ' '), /^\+1.5 µm 4 of 5$/);
    await middleBecomes(page, blueIs(160), 'plane 4');
    await focus.getByRole('slider').fill('0');
    assert.match((await page.getByTestId('focus').innerText()).replace(/\s+/g, ' '), /^−3 µm 1 of 5$/);
    await middleBecomes(page, blueIs(40), 'plane 1');
    assert.ok(await focus.getByRole('button', { name: /down/ }).isDisabled());
    await press(page, 'PageDown');
    await press(page, 'PageUp', 'PageUp');
    await middleBecomes(page, blueIs(120), 'two planes up');
  });
  await step('colours as scanned, through the profile, and back', async () => {
    assert.equal((await page.getByTestId('colours').innerText()).trim(), 'Colours: as scanned');
    const scanned = await middle(page);
    await press(page, 'c');
    assert.equal((await page.getByTestId('colours').innerText()).trim(), 'Colours: through the profile Made scanner');
    assert.equal(await colours.getAttribute('aria-pressed'), 'true');
    await middleBecomes(page, (rgb) => rgb[0]! - scanned[0]! > 10, 'through the profile');
    for (const theme of ['dark', 'light', 'contrast']) {
      await page.evaluate((name) => {
        document.documentElement.dataset.theme = name;
      }, theme);
      assert.deepEqual(await axeViolations(page), [], theme);
    }
    await colours.click();
    await middleBecomes(page, (rgb) => Math.abs(rgb[0]! - scanned[0]!) <= 2, 'as scanned');
  });
  await step('the Slide tab names planes, profile and where the scale is from', async () => {
    await openTab(page, 'Slide');
    await page.getByText('5 planes; plane 3 is predicted').waitFor();
    await page.getByText('Made scanner', { exact: true }).waitFor();
    await page.getByLabel('Pixel, µm').fill('0.4');
    await page.getByLabel('Pixel, µm').press('Enter');
    await page.getByText('Scale set by hand').waitFor();
    await openSlide(page, 'half-micron.tiff');
    await page.getByText('Scale set by hand').waitFor({ state: 'detached' });
  });
  assert.deepEqual(problems, []);
});
