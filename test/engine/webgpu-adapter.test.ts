/** Which adapters count as a GPU, and what is said where there is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAdapter, type GpuInfo, gpuName, softwareRenderer } from '../../app/engine/webgpu-adapter.ts';

/** As browsers and Dawn report them. */
const adapters: readonly [GpuInfo, string | null, string][] = [
  [{ vendor: 'nvidia', architecture: 'ampere', device: '', description: '' }, null, 'NVIDIA GPU (ampere), WebGPU'],
  [{ vendor: 'apple', architecture: 'metal-3' }, null, 'Apple GPU (metal-3), WebGPU'],
  [{ vendor: 'intel', architecture: 'gen-12lp', device: '0x9a49' }, null, 'Intel GPU (gen-12lp), WebGPU'],
  [{ vendor: 'amd', device: 'AMD Radeon RX 6600', description: 'Mesa 25.0' }, null, 'AMD Radeon RX 6600, WebGPU'],
  [{}, null, 'GPU, WebGPU'],
  [{ vendor: 'google', architecture: 'swiftshader' }, 'SwiftShader', 'CPU, SwiftShader, WebGPU'],
  [{ vendor: 'mesa', device: 'llvmpipe (LLVM 19.1.7, 256 bits)' }, 'lavapipe', 'CPU, lavapipe, WebGPU'],
  [
    { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' },
    'Microsoft Basic Render Driver',
    'CPU, Microsoft Basic Render Driver, WebGPU',
  ],
  [{ vendor: 'somebody', isFallbackAdapter: true }, 'a software renderer', 'CPU, a software renderer, WebGPU'],
];

test('a processor that imitates a GPU is told from one, and each has a name for people', () => {
  for (const [info, software, name] of adapters) {
    assert.equal(softwareRenderer(info), software, name);
    assert.equal(gpuName(info), name);
  }
});

/** A browser with this adapter; older ones say on the adapter itself that it is a fallback. */
const browser = (adapter: { info?: GpuInfo; isFallbackAdapter?: boolean } | null): GPU =>
  ({ requestAdapter: async () => adapter }) as unknown as GPU;

test('no adapter, and one that is no GPU, are refused with what to do', async () => {
  for (const [gpu, reason] of [
    [browser(null), /finds no GPU; .*driver.*Vulkan/],
    [browser({ info: { architecture: 'swiftshader' } }), /no GPU but SwiftShader, which imitates one/],
    [browser({ isFallbackAdapter: true }), /no GPU but a software renderer/],
  ] as const) {
    await assert.rejects(chooseAdapter(gpu, false), (error: { code: string; fields: { reason: string } }) => {
      assert.equal(error.code, 'engine/not-usable');
      assert.match(error.fields.reason, reason);
      return true;
    });
  }
  const real = { info: { vendor: 'nvidia' } };
  assert.equal((await chooseAdapter(browser(real), false)).adapter, real as unknown as GPUAdapter);
  assert.equal((await chooseAdapter(browser({ isFallbackAdapter: true }), true)).info.isFallbackAdapter, true);
});

test('where no GPU is fast, a slower one is taken', async () => {
  const slow = { info: { vendor: 'intel' } } as unknown as GPUAdapter;
  const gpu = { requestAdapter: async (options?: object) => (options === undefined ? slow : null) } as unknown as GPU;
  assert.equal((await chooseAdapter(gpu, false)).adapter, slow);
});
