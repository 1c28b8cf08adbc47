/** A training in a page of the real window, on Chromium's WebGPU: SwiftShader imitates the GPU, so this is about being right. */

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Recipe } from '../../app/core/recipe.ts';
import type { JobEvent, SequencedEvent } from '../../app/core/run.ts';
import type { EngineSurvey } from '../../app/jobs/survey-engines.ts';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import { checkRecipe } from '../../app/training/recipe-book.ts';
import { withoutChromium } from '../browser.ts';
import { openLabelledProject } from '../jobs/fixtures/labelled-project.ts';
import { openWindow, softwareGpu, startShell, stepsOf } from './browser.ts';
import { addThreePatients } from './halves.ts';

const patch = 64;

/** The head starts at random: from its probe the losses would be near zero, where float32 alone moves them by a thousandth. */
const recipe = checkRecipe({
  name: 'tiny',
  backbone: 'mobilenet-v2',
  attach: 'block_1',
  input: { sizePx: patch },
  head: { dropout: 0, start: 'random' },
  phases: [
    { name: 'head', unfreeze: 0, epochs: 1, learningRate: 1e-3 },
    { name: 'fine-tune', unfreeze: 1, epochs: 2, learningRate: 1e-4 },
  ],
  augment: null,
  batchSize: 4,
});

test('a page of the window trains on WebGPU', { skip: withoutChromium }, async (t) => {
  const step = stepsOf(t);
  const home = mkdtempSync(path.join(tmpdir(), 'eosin-e2e-'));
  const study = openLabelledProject();
  t.after(() => study.close());
  await addThreePatients(study, { widthPx: patch * 4, heightPx: patch * 2, glassPx: patch });
  study.project.close();
  const shell = await startShell(home, ['--project', study.project.folder], { EOSIN_SOFTWARE_GPU: '1' });
  const { browser, page, problems } = await openWindow(shell.address, undefined, softwareGpu);
  t.after(async () => {
    await browser.close();
    await shell.stop();
  });
  const runs = runsOf(shell.address);
  let id = '';
  let told: readonly SequencedEvent[] = [];

  await step('the doctor finds the GPU of the window, and the ladder takes it', async () => {
    await page.locator('#viewer').waitFor();
    const { engines, chosen } = await runs.engines();
    const webgpu = engines.find((engine) => engine.id === 'webgpu');
    assert.equal(webgpu?.usable, true, webgpu?.reason);
    assert.equal(webgpu.device, 'CPU, SwiftShader, WebGPU');
    assert.ok(webgpu.gradientError! < 1e-4);
    assert.equal(chosen, 'webgpu');
  });

  await step('a window that is loaded anew ends the run with a way out', async () => {
    id = await runs.start(recipe, null);
    const events = await runs.follow(id, (event) => event.type === 'epoch' && event.phase === 'fine-tune');
    assert.equal(page.workers().length, 1);
    await page.reload();
    told = await runs.follow(id, isEnd);
    const { error } = told.at(-1) as Extract<JobEvent, { type: 'failed' }>;
    assert.equal(error.code, 'page/closed');
    assert.match(error.remedy, /press Go on/);
    assert.ok(events.some((event) => event.type === 'engine' && event.id === 'webgpu'));
  });

  await step(
    'it goes on in the new window after its last epoch, to a saved model that equals its ONNX form',
    async () => {
      await page.locator('#viewer').waitFor();
      await runs.resume(id);
      told = [...told, ...(await runs.follow(id, isEnd, told.at(-1)!.seq))];
      assert.equal(told.at(-1)?.type, 'done', JSON.stringify(told.at(-1)));
      const epochs = told.filter((event) => event.type === 'epoch').map(({ phase, epoch }) => `${phase} ${epoch}`);
      assert.deepEqual(epochs, ['head 1', 'fine-tune 1', 'fine-tune 2']);
      const { passport } = await openModelFolder(path.join(study.project.folder, 'models', id));
      assert.equal(passport.engine.id, 'webgpu');
      assert.ok(passport.parity < 1e-4);
      assert.equal(page.workers().length, 0);
    },
  );

  await step('its losses are those of a process', async () => {
    const other = await runs.follow(await runs.start(recipe, 'wasm'), isEnd);
    const [own, expected] = [told, other].map((events) =>
      events.filter((event) => event.type === 'epoch').map(({ loss, valLoss }) => [loss, valLoss]),
    );
    for (const [i, pair] of expected!.entries()) {
      for (const [k, loss] of pair.entries()) {
        assert.ok(Math.abs(own![i]![k]! / loss - 1) < 1e-3, `${JSON.stringify(own)} and ${JSON.stringify(expected)}`);
      }
    }
  });

  await step('a cancel ends the page at once', async () => {
    const cancelled = await runs.start(recipe, 'webgpu');
    while (page.workers().length === 0) await page.waitForTimeout(20);
    await runs.cancel(cancelled);
    assert.equal((await runs.follow(cancelled, isEnd)).at(-1)?.type, 'cancelled');
    while (page.workers().length > 0) await page.waitForTimeout(20);
  });

  assert.deepEqual(problems, []);
});

const isEnd = ({ type }: JobEvent): boolean => type === 'done' || type === 'failed' || type === 'cancelled';

/** The routes of runs, as the window calls them. */
function runsOf(address: string) {
  const { origin, hash } = new URL(address);
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}`, 'content-type': 'application/json' };
  const call = async (route: string, body?: unknown, signal: AbortSignal | null = null): Promise<Response> => {
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${origin}/api${route}`, { ...sent, headers, signal });
    assert.ok(response.ok, `${route}: ${response.status}`);
    return response;
  };
  return {
    engines: async () => (await (await call('/engines')).json()) as EngineSurvey,
    start: async (chosen: Recipe, engine: string | null) =>
      ((await (await call('/runs', { kind: 'train', recipe: chosen, engine })).json()) as { id: string }).id,
    resume: (id: string) => call(`/runs/${id}/resume`, {}),
    cancel: (id: string) => call(`/runs/${id}/cancel`, {}),
    /** Events after the one numbered `after`, up to one that `last` is true for. */
    async follow(id: string, last: (event: SequencedEvent) => boolean, after = 0): Promise<SequencedEvent[]> {
      const stop = new AbortController();
      const events: SequencedEvent[] = [];
      const { body } = await call(`/runs/${id}/events?after=${after}`, undefined, stop.signal);
      let rest = '';
      for await (const text of body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) events.push(JSON.parse(line) as SequencedEvent);
        if (events.some(last)) break;
      }
      stop.abort();
      return events;
    },
  };
}
