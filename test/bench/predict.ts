/**
 * Whole-slide prediction, decode included, against bare onnxruntime-node on the same model and batch, turn by turn.
 * The slide is a drawn example of 16,384 x 12,288 px in stored JPEG tiles at the model's own µm/px; starting the worker and
 * loading the network count, as they do for a user.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createApp } from '../../app/app.ts';
import { demoSlideSpecs } from '../../app/demo/demo-slides.ts';
import { drawDemoSlides } from '../../app/demo/draw-demo-slides.ts';
import { onnxForward } from '../../app/inference/onnx-node.ts';
import { predictSlide } from '../../app/jobs/predict-slide.ts';
import { runDepsOf } from '../../app/jobs/run-deps.ts';
import { openModelFolder } from '../../app/passports/model-folder.ts';
import { commandLineHost } from '../../main/node-host.ts';
import { makeModelFolder } from '../fixtures/model-folder.ts';

const rounds = 3;
const batchSize = 64;

export async function benchPredict(): Promise<void> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'eosin-bench-'));
  const host = { ...commandLineHost(), cacheFolder: path.join(scratch, 'cache') };
  const app = createApp(host);
  try {
    const spec = { ...demoSlideSpecs[0]!, widthPx: 16_384, heightPx: 12_288 };
    const drawing = { startProcess: host.startProcess, folder: path.join(scratch, 'slides'), specs: [spec] };
    const [slide] = (await drawDemoSlides(drawing)).slides;
    const info = await app.services.pool.describe(slide!.file);
    for (const attach of ['last', 'block_10']) {
      const folder = await makeModelFolder(path.join(scratch, attach), { attach, mpp: 0.5, learnsGlass: true });
      const model = await openModelFolder(folder);
      const ratios: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const request = {
          slide: { id: 'bench', path: slide!.file, info, mpp: info.mpp, stain: '' },
          model,
          stride: null,
          heatmapFile: path.join(scratch, `${attach}-${round}.heatmap`),
          threads: os.availableParallelism(),
        };
        const own = await predictSlide(runDepsOf(app.services), request, () => undefined, new AbortController().signal);
        const bare = await barePatchesPerSecond(model.onnxFile, model.passport.sizePx, own.patches);
        const perSecond = own.patches / own.seconds;
        if (round === 0) continue; // warm-up: file cache, compiled wasm, decode processes
        ratios.push(perSecond / bare);
        console.log(
          `  ${attach}: ${perSecond.toFixed(0)} patches/s of a slide, bare onnxruntime ${bare.toFixed(0)}/s, ratio ${(perSecond / bare).toFixed(2)}`,
        );
      }
      console.log(`  ${attach}: median ratio ${median(ratios).toFixed(2)} (${range(ratios)})`);
    }
  } finally {
    await app.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The same number of patches in the same batches, the pixels at hand; the session is made and warmed before the clock starts. */
async function barePatchesPerSecond(onnxFile: string, sizePx: number, patches: number): Promise<number> {
  const forward = await onnxForward.create(await readFile(onnxFile), os.availableParallelism());
  const pixels = new Uint8Array(batchSize * sizePx * sizePx * 3).map((_, i) => (i * 31) & 255);
  try {
    await forward.run(pixels, batchSize);
    const startMs = performance.now();
    for (let done = 0; done < patches; done += batchSize) {
      const count = Math.min(batchSize, patches - done);
      await forward.run(pixels.subarray(0, count * sizePx * sizePx * 3), count);
    }
    return patches / ((performance.now() - startMs) / 1000);
  } finally {
    await forward.close();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
}
