/** Every format and compression in the viewer: what stands on the screen is the slide as its reader gives it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import type { SlideInfo } from '../../app/core/slide.ts';
import { openSlide as openFile } from '../../app/slides/open-slide.ts';
import { roomyView } from '../../renderer/viewer/roomy-view.ts';
import { withoutChromium } from '../browser.ts';
import { makeSoundSlides } from '../fixtures/sound-slides.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { openWindow, startShell } from './browser.ts';
import { createProject, openSlide } from './window.ts';

/** Means of a grid over the slide are compared, in steps of 0..255: the screen resamples in a way of its own. */
const [columns, rows] = [8, 6];
const mostDifference = 12;
const waitMs = 30_000;

test('a slide of every format opens in the viewer and shows its own pixels', { skip: withoutChromium }, async (t) => {
  const shell = await startShell();
  const { browser, page, problems } = await openWindow(shell.address);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const slides = await makeSoundSlides();
  const cacheFolder = tempFolder(t);
  const pictures = Object.keys(slides).filter((name) => /\.(png|jpg)$/.test(name));
  // A folder of DICOM files is one slide.
  const fileOf = (name: string): string => {
    const folder = pictures.includes(name) ? 'pictures' : 'slides';
    return path.join(shell.home, folder, name.endsWith('.dcm') ? `dicom-${path.parse(name).name}` : '', name);
  };
  for (const [name, bytes] of Object.entries(slides)) {
    mkdirSync(path.dirname(fileOf(name)), { recursive: true });
    writeFileSync(fileOf(name), bytes);
  }
  await createProject(page, 'Formats');
  await addFolder(page, 'slides');
  await addPictures(page, pictures);

  for (const name of Object.keys(slides)) {
    await t.test(name, async () => {
      const expected = await gridOfFile(fileOf(name), cacheFolder);
      await openSlide(page, name.endsWith('.dcm') ? `dicom-${path.parse(name).name}` : name);
      const until = Date.now() + waitMs;
      let difference = Number.POSITIVE_INFINITY;
      while (difference > mostDifference && Date.now() < until)
        difference = largestDifference(expected.means, await gridOnScreen(page, expected));
      assert.ok(difference <= mostDifference, `a part of the slide differs by ${difference}`);
    });
  }
  assert.deepEqual(problems, []);
});

async function addFolder(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add all slides of a folder' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.getByText(/right in this folder/).waitFor();
  await dialog.getByRole('button', { name: /^Add/ }).click();
  await page.locator('#viewer').waitFor();
}

async function addPictures(page: Page, names: readonly string[]): Promise<void> {
  await page.getByRole('button', { name: 'Add slides' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Folder above' }).click();
  await dialog.getByRole('button', { name: 'pictures', exact: true }).click();
  for (const name of names) await dialog.getByRole('button', { name }).click();
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  // The first that comes in is shown; from then on nothing but this test chooses the slide.
  await page.getByRole('application', { name: /\.(png|jpg),/ }).waitFor();
}

interface Grid {
  readonly info: SlideInfo;
  readonly means: Uint8Array;
}

async function gridOfFile(file: string, cacheFolder: string): Promise<Grid> {
  const slide = await openFile(file, { cacheFolder });
  try {
    const { widthPx, heightPx } = slide.info;
    const { data } = await slide.region({ x: 0, y: 0, widthPx, heightPx, downsample: 1 });
    const picture = sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
    return { info: slide.info, means: await meansOf(picture) };
  } finally {
    await slide.close();
  }
}

async function gridOnScreen(page: Page, { info }: Grid): Promise<Uint8Array> {
  const viewer = page.locator('#viewer');
  const shot = sharp(await viewer.screenshot());
  const { width = 0, height = 0 } = await shot.metadata();
  const view = roomyView({ info, mppSource: null }, width, height);
  const scale = width / view.width;
  const place = {
    left: Math.round(-view.x * scale),
    top: Math.round(-view.y * scale),
    width: Math.round(info.widthPx * scale),
    height: Math.round(info.heightPx * scale),
  };
  return meansOf(sharp(await shot.extract(place).removeAlpha().png().toBuffer()));
}

async function meansOf(picture: Sharp): Promise<Uint8Array> {
  return picture.resize(columns, rows, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
