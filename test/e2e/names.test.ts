/** What may name a person stays hidden in the window until it is asked for, and a copy without it is saved. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { withoutChromium } from '../browser.ts';
import { makeNamedSlides } from '../fixtures/named-slides.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { addSlides, createProject, openTab, slideShown } from './window.ts';

test('label, macro and names of a slide, and a copy without them', { skip: withoutChromium }, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  const { bytes, names } = (await makeNamedSlides())['aperio.svs']!;
  writeFileSync(path.join(shell.home, 'a.svs'), bytes);
  mkdirSync(path.join(shell.home, 'Shared'));
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const pictures: string[] = [];
  page.on('request', (request) => request.url().includes('/associated/') && pictures.push(request.url()));
  /** The scanner and its colour profile are named. */
  const seen = async (): Promise<string[]> => {
    const text = await page.locator('body').innerText();
    return names.filter((name) => text.includes(name) && !/Icc|Make|Model/.test(name));
  };
  const check = async (): Promise<void> => {
    for (const theme of ['dark', 'light', 'contrast']) {
      await page.evaluate((name) => {
        document.documentElement.dataset.theme = name;
      }, theme);
      assert.deepEqual(await axeViolations(page), [], theme);
    }
  };

  await createProject(page, 'Names');
  await addSlides(page, 'a.svs');
  await slideShown(page);
  await openTab(page, 'Slide');
  const section = page.getByRole('region', { name: 'Label and macro' });

  await step('label and macro are fetched when they are asked for, and hidden after another look', async () => {
    await section.getByText('may show a patient’s name').waitFor();
    assert.deepEqual(pictures, []);
    await section.getByRole('button', { name: 'Show' }).click();
    await section.getByAltText('Label of the slide').waitFor();
    assert.equal(pictures.length > 0, true);
    await check();
    await openTab(page, 'Label');
    await openTab(page, 'Slide');
    await section.getByRole('button', { name: 'Show' }).waitFor();
    assert.equal(await section.getByRole('img').count(), 0);
  });

  await step('properties that may name a person are shown by a button', async () => {
    await page.getByText('Properties in the file').click();
    await page.getByText('aperio.AppMag').waitFor();
    assert.deepEqual(await seen(), []);
    await page.getByRole('button', { name: 'Show all properties' }).click();
    await page.getByText('aperio.User').waitFor();
    assert.ok((await seen()).length >= 8);
    await page.getByText('Properties in the file').click();
    await page.getByText('Properties in the file').click();
    await page.getByText('aperio.AppMag').waitFor();
    assert.deepEqual(await seen(), []);
  });

  await step('a copy without names', async () => {
    await page.getByRole('button', { name: 'Save a copy without names' }).click();
    const dialog = page.getByRole('dialog');
    assert.match(await dialog.getByLabel('Name of the file').inputValue(), /^slide-[0-9a-f]{8}\.svs$/);
    await check();
    await dialog.getByLabel('Name of the file').fill('clean.svs');
    await dialog.getByRole('button', { name: 'Choose a folder and save' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Shared/ })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save here' }).click();
    await page.getByText('clean.svs is saved').waitFor();
    const file = path.join(shell.home, 'Shared', 'clean.svs');
    assert.ok(existsSync(file));
    const copied = readFileSync(file);
    for (const name of names) assert.ok(!copied.includes(name), name);
  });
  assert.deepEqual(problems, []);
});
