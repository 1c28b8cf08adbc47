/** What a user does in the window, as functions over the page: the words on the screen are the selectors. */

import type { Page } from 'playwright-core';

type Place = readonly [x: number, y: number];

export async function createProject(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^New project/ }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('heading', { name, exact: true }).waitFor();
}

/** Makes or opens the example project; drawing its slides takes a while the first time. */
export async function openExample(page: Page, timeout = 240_000): Promise<void> {
  await page.getByRole('button', { name: /^Example project/ }).click();
  await page.locator('#viewer').waitFor({ timeout });
}

/** Adds slides that lie in the home folder, through the app's own file browser. */
export async function addSlides(page: Page, ...names: readonly string[]): Promise<void> {
  await page.getByRole('button', { name: 'Add slides' }).first().click();
  const dialog = page.getByRole('dialog');
  for (const name of names) await dialog.getByRole('button', { name }).click();
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('#viewer').waitFor();
}

/** Waits until the slide's picture stands and its scale is known. */
export async function slideShown(page: Page): Promise<void> {
  await page.getByTestId('scale-bar').waitFor();
}

export async function openSlide(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Slides' })
    .getByRole('button', { name: new RegExp(`^${name}`) })
    .click();
  await slideShown(page);
}

export async function openTab(page: Page, name: 'Label' | 'Patches' | 'Train' | 'Results' | 'Slide'): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

/** Drags over the viewer, in px of the viewer. */
export async function drag(page: Page, places: readonly Place[]): Promise<void> {
  const [first, ...rest] = await onScreen(page, places);
  await page.mouse.move(...first!);
  await page.mouse.down();
  for (const place of rest) await page.mouse.move(...place, { steps: 5 });
  await page.mouse.up();
}

export async function click(page: Page, place: Place): Promise<void> {
  const [at] = await onScreen(page, [place]);
  await page.mouse.click(...at!);
}

async function onScreen(page: Page, places: readonly Place[]): Promise<[number, number][]> {
  const box = await page.locator('#viewer').boundingBox();
  if (!box) throw new Error('There is no viewer.');
  return places.map(([x, y]) => [box.x + x, box.y + y]);
}

/** Presses keys with the viewer focused. */
export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  await page.locator('#viewer').focus();
  for (const key of keys) await page.keyboard.press(key);
}

export async function drawRectangle(page: Page, from: Place, to: Place): Promise<void> {
  await press(page, 'r');
  await drag(page, [from, to]);
}

/** Waits until `saves` changes in all have been stored on this slide since it was opened. */
export async function saved(page: Page, saves: number): Promise<void> {
  await page.locator(`[data-testid="save-state"][data-state="saved"][data-saves="${saves}"]`).waitFor();
}

export async function regionCount(page: Page): Promise<number> {
  return Number((await page.getByTestId('region-count').textContent())?.replaceAll(',', ''));
}

/** Starts training on the Train tab and waits for its end; gives back how it ended. */
export async function train(page: Page, timeout = 240_000): Promise<string> {
  await startTraining(page);
  return trainingEnd(page, timeout);
}

export async function startTraining(page: Page): Promise<void> {
  await openTab(page, 'Train');
  await page.getByTestId('plan').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
}

/** Lets the last run, which was cancelled or failed, go on, and waits until it does. */
export async function goOn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await page.locator('[data-testid="training-run"][data-state="running"]').waitFor();
}

export async function trainingEnd(page: Page, timeout = 240_000): Promise<string> {
  const ended = page.locator(
    '[data-testid="training-run"]:is([data-state="done"], [data-state="failed"], [data-state="cancelled"])',
  );
  await ended.waitFor({ timeout });
  return (await ended.getAttribute('data-state')) ?? '';
}

/** Points of a chart: the epochs that the window has heard of. */
export async function chartPoints(page: Page, metric: 'loss' | 'accuracy'): Promise<number> {
  return Number(await page.getByTestId(`chart-${metric}`).getAttribute('data-points'));
}

/** Predicts the open slide with the newest model and waits until its areas stand on the Results tab. */
export async function predict(page: Page, timeout = 240_000): Promise<void> {
  await openTab(page, 'Results');
  await page.getByRole('button', { name: 'Predict this slide' }).click();
  await page.getByTestId('areas').waitFor({ timeout });
  await page.getByRole('button', { name: 'Predict this slide' }).and(page.locator(':enabled')).waitFor({ timeout });
}

/** Share of the viewer's wash canvas (heat map, tissue) that is painted, 0..1. */
export async function washShare(page: Page): Promise<number> {
  return page.locator('#viewer canvas[data-layer="washes"]').evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels =
      canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
    let painted = 0;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i]! > 0) painted++;
    return painted / Math.max(1, pixels.length / 4);
  });
}
