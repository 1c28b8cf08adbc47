/** Where tissue begins, pen and focus in the real window: moved by keys, stored, counted, looked at, left out. */

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Box } from '../../app/core/geometry.ts';
import { openProject } from '../../app/project.ts';
import { withoutChromium } from '../browser.ts';
import type { Painter } from '../fixtures/tiff-writer.ts';
import { openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addHalves } from './halves.ts';
import { openTab, slideShown, washShare } from './window.ts';

const patch = 224;
const [widthPx, heightPx] = [patch * 8, patch * 4];
/** Two patches of gland lie under pen, four of stroma are out of focus. */
const pen: Box = { x: 0, y: patch, width: patch, height: patch * 2 };
const blurred: Box = { x: patch * 6, y: patch * 2, width: patch * 2, height: patch * 2 };
const glass = patch;

const within = ({ x, y, width, height }: Box, px: number, py: number): boolean =>
  px >= x && px < x + width && py >= y && py < y + height;

const paint: Painter = (x, y) => {
  if (y < glass) return [244, 242, 246];
  const wave = 16 + 15 * Math.sin(x / 12) * Math.sin(y / 12);
  const grain = (Math.imul(x * 7919 + y * 104_729, 0x85ebca6b) >>> 16) & 31;
  const step = Math.round(within(blurred, x, y) ? wave : grain);
  const [r, g, b] = x < widthPx / 2 ? [200 + step, 120 + step, 165 + step] : [100 + step, 60 + step, 150 + step];
  return within(pen, x, y) ? [Math.round(r / 9), Math.round(g / 1.8), Math.round(b / 4)] : [r, g, b];
};

test('a threshold is moved and kept; patches under pen and out of focus are counted, shown and left out', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-'));
  const study = openLabelledProject();
  t.after(() => study.close());
  for (const [name, part] of [
    ['a.tif', 'train'],
    ['b.tif', 'validation'],
  ] as const) {
    // Two slides that differ: a picture in two parts would stop the plan.
    const own: Painter = (x, y) => (name === 'a.tif' ? paint(x, y) : paint(widthPx - 1 - x, y));
    await addHalves(study, { name, part, widthPx, heightPx, glassPx: glass, paint: own });
  }
  study.project.close();
  const shell = await startShell(home, ['--project', study.project.folder]);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });

  await step('the slider moves the mask, Automatic brings it back', async () => {
    await slideShown(page);
    await openTab(page, 'Slide');
    await page.getByLabel(/Show what counts as tissue/).check();
    const slider = page.getByRole('slider', { name: 'Least colour of tissue' });
    await slider.waitFor();
    const said = page.getByTestId('tissue-said');
    assert.match((await said.textContent()) ?? '', /automatic/);
    const before = await washShare(page);
    await slider.focus();
    await page.keyboard.press('End');
    await said.filter({ hasText: 'Set by hand' }).waitFor();
    assert.ok((await washShare(page)) > before + 0.2, 'more of the slide is dark');
    await page.getByRole('button', { name: 'Automatic' }).click();
    await said.filter({ hasText: 'The threshold is automatic' }).waitFor();
    await page.waitForFunction(() => document.querySelector('#tissue-threshold')?.ariaValueText?.includes('automatic'));
    assert.ok(Math.abs((await washShare(page)) - before) < 0.02);
  });

  await step('pen is left out and counted; the focus is measured on request', async () => {
    await page.getByLabel(/Show what counts as tissue/).uncheck();
    await openTab(page, 'Patches');
    const quality = page.getByTestId('quality');
    await quality.filter({ hasText: '4 patches touched by pen; focus not measured yet' }).waitFor();
    await page.getByText('4 of 48 labelled patches were left out: more than 5 % is pen.').waitFor();
    await page.getByRole('button', { name: 'Measure the focus of 48 patches' }).click();
    await quality.filter({ hasText: '4 patches touched by pen; 8 out of focus' }).waitFor();
  });

  await step('flagged patches are pictures with their score', async () => {
    await page.getByRole('button', { name: /^4 of Stroma on a\.tif: .* out of focus$/ }).click();
    const strip = page.getByRole('region', { name: 'Patches of Stroma' });
    await strip.getByText('4 of 4 patches').waitFor();
    assert.equal(await strip.getByText(/^focus 0\.[0-3]/).count(), 4);
    await strip.getByLabel('Show').selectOption('pen');
    await strip.getByText('2 of 2 patches').waitFor();
    await strip.getByText('pen 100 %').first().waitFor();
    await page.getByRole('button', { name: 'Close the patches' }).click();
  });

  await step('blurred patches are left out when a person says so', async () => {
    await page.getByLabel('Leave out patches out of focus').check();
    await page.getByText('8 of 48 labelled patches were left out: out of focus (score below 0.45).').waitFor();
    await page.getByLabel('Leave out patches touched by pen').uncheck();
    await page.getByText('more than 5 % is pen').waitFor({ state: 'detached' });
  });

  await step('a threshold set by hand is in the project', async () => {
    await openTab(page, 'Slide');
    await page.getByLabel(/Show what counts as tissue/).check();
    await page.getByRole('slider', { name: 'Least colour of tissue' }).focus();
    await page.keyboard.press('Home');
    await page.getByTestId('tissue-said').filter({ hasText: 'Set by hand' }).waitFor();
    await page.getByRole('button', { name: 'Automatic', disabled: false }).waitFor();
    assert.deepEqual(problems, []);
    await browser.close();
    await shell.stop();
    const project = openProject(study.project.folder);
    const thresholds = project.slides.list().map(({ tissue }) => tissue.threshold);
    project.close();
    assert.deepEqual(thresholds, [0, null]);
  });
});
