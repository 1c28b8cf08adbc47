/** Slides by the folder, and slides whose files move or are replaced: what the window says, and what can be done. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { withoutChromium } from '../browser.ts';
import { writeDicom } from '../fixtures/dicom-writer.ts';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { axeViolations } from './axe.ts';
import { openWindow, startShell, stepsOf } from './browser.ts';
import { createProject, drawRectangle, openSlide, regionCount, saved, slideShown } from './window.ts';

test('a folder is imported, moved slides are found, another file is not labelled over', {
  skip: withoutChromium,
}, async (t) => {
  const step = stepsOf(t);
  const shell = await startShell();
  const file = (...names: string[]): string => path.join(shell.home, ...names);
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const dialog = page.getByRole('dialog');
  const slides = page.getByRole('navigation', { name: 'Slides' });
  const focusWindow = (): Promise<void> => page.evaluate(() => void window.dispatchEvent(new Event('focus')));
  const noViolation = async (screen: string): Promise<void> => {
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => {
        document.documentElement.dataset.theme = name;
      }, theme);
      assert.deepEqual(await axeViolations(page), [], `${screen}, ${theme}`);
    }
  };

  mkdirSync(file('Archive', 'dicom'), { recursive: true });
  for (const name of ['a.tif', 'b.tif']) await writeTissueSlide(file('Archive', name), { seed: name });
  copyFileSync(file('Archive', 'a.tif'), file('Archive', 'copy of a.tif'));
  writeFileSync(file('Archive', 'broken.svs'), 'words');
  writeFileSync(file('Archive', 'label.png'), 'a picture');
  writeFileSync(file('Archive', 'dicom', '1.dcm'), await writeDicom({ widthPx: 200, heightPx: 150 }));

  await step('a folder: counts, and reasons in a list', async () => {
    await createProject(page, 'Folder');
    await page.getByRole('button', { name: 'Add a folder', exact: true }).click();
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await dialog.getByText('5 slide files right in this folder').waitFor();
    await page.getByRole('button', { name: 'Add this folder' }).click();
    await slides.getByText('Done', { exact: true }).waitFor();
    assert.equal(
      (await page.getByTestId('import-tally').textContent())?.trim(),
      '3 slides added, 1 duplicate, 1 refused',
    );
    await slideShown(page);
    await noViolation('after an import');
    await slides.getByRole('button', { name: 'Details' }).click();
    await dialog.getByText('broken.svs').waitFor();
    await dialog.getByText('is here as a.tif').waitFor();
    await dialog.getByText('1 PNG or JPEG file').waitFor();
    await noViolation('what was not added');
    await page.keyboard.press('Escape');
    await slides.getByRole('button', { name: 'Close' }).click();
  });

  await step(
    'dropped in a browser: it is said that places are not known, and the file is chosen where it is seen',
    async () => {
      await writeTissueSlide(file('Archive', 'dropped.tif'), { seed: 'dropped' });
      const data = await page.evaluateHandle(
        (bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], 'dropped.tif'));
          return transfer;
        },
        statSync(file('Archive', 'dropped.tif')).size,
      );
      await page.dispatchEvent('main', 'drop', { dataTransfer: data });
      await dialog.getByText('A browser does not tell where dropped files lie.', { exact: false }).waitFor();
      await dialog.getByText('1 slide chosen').waitFor();
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
      await slides.getByRole('button', { name: /^dropped\.tif/ }).waitFor();
    },
  );

  await step('a DICOM folder is a slide in the file browser', async () => {
    await page.getByRole('button', { name: 'Add slides' }).first().click();
    const row = dialog.getByRole('button', { name: /^dicom/ });
    await row.click();
    assert.equal(await row.getAttribute('aria-pressed'), 'true');
    await dialog.getByRole('button', { name: 'Open the folder dicom' }).click();
    await dialog.getByRole('button', { name: '1.dcm' }).waitFor();
    await page.keyboard.press('Escape');
  });

  await step('moved slides are found again in one dialog', async () => {
    mkdirSync(file('Moved'));
    renameSync(file('Archive', 'a.tif'), file('Moved', 'a.tif'));
    renameSync(file('Archive', 'b.tif'), file('Moved', 'b, renamed.tif'));
    renameSync(file('Archive', 'dicom'), file('lost'));
    await focusWindow();
    await slides.getByText('3 slides are not where they were').waitFor();
    await slides.getByRole('button', { name: /^a\.tif/ }).click();
    await page.getByRole('heading', { name: 'The file is not where it was' }).waitFor();
    await slides.getByRole('button', { name: 'Find', exact: true }).click();
    await noViolation('missing slides');
    await dialog.getByRole('button', { name: 'Choose the folder' }).click();
    // The folder of last time is gone: the browser begins at home.
    await dialog.getByRole('button', { name: 'Moved' }).click();
    await dialog.getByText('right in this folder').waitFor();
    await dialog.getByRole('button', { name: 'Search this folder' }).click();
    await page.getByTestId('relink-result').filter({ hasText: '2 of 3 slides found' }).waitFor();
    await noViolation('found slides');
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    renameSync(file('lost'), file('Archive', 'dicom'));
    await focusWindow();
    await slides.getByText('not where').waitFor({ state: 'detached' });
  });

  await step('another file in the place of the open slide: labels are kept and not drawn over it', async () => {
    await openSlide(page, 'dropped.tif');
    await drawRectangle(page, [260, 300], [380, 400]);
    await saved(page, 1);
    renameSync(file('Archive', 'dropped.tif'), file('kept.tif'));
    await writeTissueSlide(file('Archive', 'dropped.tif'), { seed: 'another' });
    await focusWindow();
    await page.getByRole('heading', { name: 'Another file stands at this place' }).waitFor();
    await noViolation('another file');
    await page.getByRole('button', { name: 'Look at it without labels' }).click();
    await page.getByText('This is another file than dropped.tif.').waitFor();
    assert.equal(await page.locator('canvas[data-layer="marks"]').count(), 0);
    renameSync(file('kept.tif'), file('Archive', 'dropped.tif'));
    await focusWindow();
    await slideShown(page);
    assert.equal(await regionCount(page), 1);
  });

  await step('a large picture is prepared with its share, and can be cancelled and taken up again', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
    await sharp({ create: { width: 4500, height: 3500, channels: 3, background: '#fff', noise } })
      .png({ compressionLevel: 1 })
      .toFile(file('Archive', 'large.png'));
    await page.getByRole('button', { name: 'Add slides' }).first().click();
    await dialog.getByRole('button', { name: 'Folder above' }).click();
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await dialog.getByRole('button', { name: 'large.png' }).click();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText(/Preparing the slide: [\d.]+ %/).waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Prepare it' }).click();
    await page.getByRole('application', { name: /large.png/ }).waitFor();
  });
  // The viewer logs each tile that it could not have.
  assert.deepEqual(
    problems.filter((problem) => !problem.startsWith('console: Tile %s failed to load')),
    [],
  );
});
