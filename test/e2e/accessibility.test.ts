/** axe-core on every screen in the three themes: nothing serious, nothing critical. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { writeTestSlides } from './slides.ts';
import { addSlides, createProject, drawRectangle, openSlide, openTab, saved } from './window.ts';

test('no serious or critical violation on any screen', { skip: withoutChromium }, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  await writeTestSlides(shell.home);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const setTheme = (theme: string): Promise<void> =>
    page.evaluate((name) => {
      document.documentElement.dataset.theme = name;
    }, theme);
  const check = async (screen: string): Promise<void> => {
    for (const theme of ['dark', 'light', 'contrast']) {
      await setTheme(theme);
      assert.deepEqual(await axeViolations(page), [], `${screen}, ${theme}`);
    }
  };

  await step('first screen', async () => {
    await page.getByRole('button', { name: /^New project/ }).waitFor();
    await check('first screen');
  });
  await step('new project dialog', async () => {
    await page.getByRole('button', { name: /^New project/ }).click();
    await check('new project');
    await page.keyboard.press('Escape');
  });
  await step('empty project and the file browser', async () => {
    await createProject(page, 'Axe');
    await check('empty project');
    await page.getByRole('button', { name: 'Add slides' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'half-micron.tiff', exact: false }).first().waitFor();
    await check('file browser');
    await page.keyboard.press('Escape');
  });
  await step('viewer and the five tabs', async () => {
    await addSlides(page, 'half-micron.tiff', 'no-size.tiff');
    await openSlide(page, 'no-size.tiff');
    await check('question for the pixel size');
    await openSlide(page, 'half-micron.tiff');
    await drawRectangle(page, [260, 300], [380, 400]);
    await saved(page, 1);
    for (const tab of ['Label', 'Patches', 'Train', 'Results', 'Slide'] as const) {
      await openTab(page, tab);
      if (tab === 'Patches' || tab === 'Train') await page.getByTestId('plan-trouble').waitFor();
      await check(tab);
    }
  });
  await step('class editor, command list, keys, drawer', async () => {
    await openTab(page, 'Label');
    await page.getByRole('button', { name: /^Edit/ }).first().click();
    await check('class editor');
    await page.keyboard.press('Control+k');
    await check('command list');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'All keys' }).click();
    await check('keys');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+j');
    await check('drawer');
  });
  assert.deepEqual(problems, []);
});
