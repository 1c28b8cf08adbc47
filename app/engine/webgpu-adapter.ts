/** Which GPU WebGPU gives us, what it is called, and whether it is one: a processor that imitates a GPU is slower than wasm. */
import { notUsable } from './not-usable.ts';

/** What is used of `GPUAdapterInfo`; browsers leave fields empty that would tell computers apart. */
export interface GpuInfo {
  /** Lower case, as in `nvidia`. */
  readonly vendor?: string;
  /** Family of the GPU, as in `ampere`. */
  readonly architecture?: string;
  /** A name outside browsers; empty or a number in them. */
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

/** Parts of the names under which processors present themselves as GPUs. */
const softwareRenderers: readonly (readonly [RegExp, string])[] = [
  [/swiftshader/i, 'SwiftShader'],
  [/llvmpipe|lavapipe/i, 'lavapipe'],
  [/microsoft basic render|\bwarp\b/i, 'Microsoft Basic Render Driver'],
];

const vendors: Readonly<Record<string, string>> = {
  amd: 'AMD',
  apple: 'Apple',
  arm: 'ARM',
  intel: 'Intel',
  nvidia: 'NVIDIA',
  qualcomm: 'Qualcomm',
};

/** The name of the program that imitates a GPU, null for a real one. */
export function softwareRenderer(info: GpuInfo): string | null {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  const known = softwareRenderers.find(([pattern]) => pattern.test(words));
  if (known !== undefined) return known[1];
  return info.isFallbackAdapter === true ? 'a software renderer' : null;
}

/** For people: `NVIDIA GPU (ampere), WebGPU`. */
export function gpuName(info: GpuInfo): string {
  const { vendor = '', architecture = '', device = '' } = info;
  const software = softwareRenderer(info);
  if (software !== null) return `CPU, ${software}, WebGPU`;
  if (/[a-z]/i.test(device) && !/^0x/i.test(device)) return `${device}, WebGPU`;
  const maker = vendors[vendor] ?? vendor;
  return `${maker} GPU${architecture === '' ? '' : ` (${architecture})`}, WebGPU`.trim();
}

/**
 * Asks for the fastest GPU.
 *
 * @param allowSoftware for tests of correctness only.
 * @throws EosinError `engine/not-usable` when there is none, or only a software renderer.
 */
export async function chooseAdapter(gpu: GPU, allowSoftware: boolean): Promise<{ adapter: GPUAdapter; info: GpuInfo }> {
  const adapter = (await gpu.requestAdapter({ powerPreference: 'high-performance' })) ?? (await gpu.requestAdapter());
  if (adapter === null) throw notUsable('webgpu', noAdapter);
  // Newer than the types: `info` is on the adapter, and says itself whether it is a fallback; it did not always.
  const { info, isFallbackAdapter } = adapter as unknown as { info?: GpuInfo; isFallbackAdapter?: boolean };
  const all: GpuInfo = isFallbackAdapter === true ? { ...fieldsOf(info), isFallbackAdapter } : fieldsOf(info);
  const software = softwareRenderer(all);
  if (software !== null && !allowSoftware) {
    throw notUsable(
      'webgpu',
      `WebGPU finds no GPU but ${software}, which imitates one on the processor; ${driverAdvice}`,
    );
  }
  return { adapter, info: all };
}

const driverAdvice =
  "a GPU needs its maker's own driver, on Linux with Vulkan (vulkaninfo --summary lists what is there)";
const noAdapter = `WebGPU finds no GPU; ${driverAdvice}`;

/** The fields are getters of the object's class: copied one by one. */
function fieldsOf(info: GpuInfo | undefined): GpuInfo {
  const { vendor = '', architecture = '', device = '', description = '', isFallbackAdapter = false } = info ?? {};
  return { vendor, architecture, device, description, isFallbackAdapter };
}
