/**
 * The gradients of whole networks, every weight of them, on each engine against the cpu backend: what a fault in a combination
 * of layers would show and the cases of one layer kind would not. The cpu backend takes minutes, so its answer is stored; so
 * does WebGPU on SwiftShader for the larger two networks, which it runs with EOSIN_ALL_NETWORKS=1.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import type { Engine, EngineId } from '../../app/engine/engine.ts';
import { openEngine } from '../../app/engine/node.ts';
import { GRADIENT_TOLERANCE } from '../../app/engine/self-test.ts';
import { buildKernels } from '../../scripts/build-kernels.ts';
import { type GradientMark, gradientMarks, networks, referenceFile } from './reference/whole-network-gradients.ts';
import { useSoftwareGpu, withoutSoftwareGpu } from './software-gpu.ts';

await buildKernels();
const installed = process.env.EOSIN_TEST_ENGINES;
if (installed) process.env.EOSIN_ENGINES = installed;
const engines: EngineId[] = installed ? ['native-cpu', 'wasm', 'webgpu'] : ['wasm', 'webgpu'];
if (!withoutSoftwareGpu) useSoftwareGpu();
const reference = JSON.parse(readFileSync(referenceFile, 'utf8')) as Record<string, Record<string, GradientMark>>;
let open: Engine | null = null;

afterEach(async () => {
  await open?.close();
  open = null;
});

for (const id of engines) {
  for (const name of id === 'webgpu' && !process.env.EOSIN_ALL_NETWORKS ? networks.slice(0, 1) : networks) {
    const skip = id === 'webgpu' && withoutSoftwareGpu;
    test(`${name} on ${id} has the gradients of the cpu backend, weight by weight`, { skip }, async () => {
      open = await openEngine(id, { threads: 2, allowSoftwareGpu: true });
      const found = await gradientMarks(open, name);
      const expected = reference[name]!;
      assert.deepEqual(Object.keys(found).toSorted(), Object.keys(expected).toSorted());
      for (const [weight, mark] of Object.entries(expected)) {
        const numbers = ({ largest, samples, projections }: GradientMark) => [largest, ...samples, ...projections];
        const own = numbers(found[weight]!);
        for (const [i, value] of numbers(mark).entries()) {
          const off = Math.abs(value - own[i]!) / mark.largest;
          assert.ok(off <= GRADIENT_TOLERANCE, `${weight}: off by ${off} of the largest`);
        }
      }
    });
  }
}
