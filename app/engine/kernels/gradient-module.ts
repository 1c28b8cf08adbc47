/** The compiled gradient kernels (kernels/assembly) bound to a wasm backend's heap. */

/** `[batch, height, width, channels, multiplier, outHeight, outWidth, kernelHeight, kernelWidth, strides, padTop, padLeft]` */
export type DepthwiseGeometry = [
  ...input: [number, number, number, number, number],
  ...output: [number, number],
  ...kernel: [number, number],
  ...strides: [number, number],
  ...pad: [number, number],
];

/** Exports of the module; pointers are byte offsets into the heap. The assembly sources describe each. */
export interface GradientModule {
  reluGradient(x: number, dy: number, dx: number, count: number, cap: number): void;
  clipGradient(x: number, dy: number, dx: number, count: number, low: number, high: number): void;
  affineRows(x: number, factor: number, shift: number, out: number, rows: number, channels: number): void;
  columnSums(
    a: number,
    b: number,
    sums: number,
    products: number,
    totals: number,
    rows: number,
    channels: number,
  ): void;
  multiplyTransposed(left: number, right: number, out: number, rows: number, m: number, n: number): void;
  gatherTap(
    x: number,
    columns: number,
    ...geometry: [
      ...input: [number, number, number, number],
      ...output: [number, number],
      ...strides: [number, number],
      ...offset: [number, number],
    ]
  ): void;
  depthwiseFilterGradient(x: number, dy: number, gradient: number, ...geometry: DepthwiseGeometry): void;
  depthwiseInputGradient(dy: number, filter: number, dx: number, ...geometry: DepthwiseGeometry): void;
  maxPoolGradient(
    x: number,
    dy: number,
    dx: number,
    ...geometry: [
      ...input: [number, number, number, number],
      ...output: [number, number],
      ...window: [number, number],
      ...strides: [number, number],
      ...pad: [number, number],
    ]
  ): void;
}

/** Compiled forms of the kernels: a module can import either plain or shared memory, not both. */
export interface GradientBinaries {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly shared: Uint8Array<ArrayBuffer>;
}

/** A heap that kernels can work on. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

// Neither ECMAScript's nor Node's type library declares WebAssembly, and app/ has no DOM library.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: Uint8Array<ArrayBuffer>): Promise<object>;
    instantiate(module: object, imports: { env: { memory: WasmMemory } }): Promise<{ exports: unknown }>;
  };
};

/** Instantiates the form that fits `memory`. */
export async function bindGradientModule(binaries: GradientBinaries, memory: WasmMemory): Promise<GradientModule> {
  const shared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
  const module = await WebAssembly.compile(shared ? binaries.shared : binaries.plain);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as GradientModule;
}
