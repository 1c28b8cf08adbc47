/** The compiled gradient kernels (kernels/assembly) bound to a wasm backend's heap. */

/** `[height, width, channels, multiplier, outHeight, outWidth, kernelHeight, kernelWidth, strides, padTop, padLeft]` */
export type DepthwiseGeometry = [
  ...input: [number, number, number, number],
  ...output: [number, number],
  ...kernel: [number, number],
  ...strides: [number, number],
  ...pad: [number, number],
];

/** What one piece of a kernel's work writes: [from, end). */
type Range = [from: number, end: number];

/** Where values are cut off. */
type Clamp = [low: number, high: number];

/** Exports of the module; pointers are byte offsets into the heap. The assembly sources describe each. */
export interface GradientModule {
  reluGradient(x: number, dy: number, dx: number, count: number, cap: number): void;
  clipGradient(x: number, dy: number, dx: number, count: number, low: number, high: number): void;
  affineRows(
    x: number,
    factor: number,
    shift: number,
    out: number,
    rows: number,
    channels: number,
    ...clamp: Clamp
  ): void;
  affineGradient(
    x: number,
    dy: number,
    factor: number,
    shift: number,
    dx: number,
    totals: number,
    rows: number,
    channels: number,
    ...clamp: Clamp
  ): void;
  columnTotals(x: number, totals: number, rows: number, channels: number): void;
  addTotals(totals: number, parts: number, sums: number, columns: number): void;
  multiplyTransposed(
    left: number,
    right: number,
    out: number,
    rows: number,
    m: number,
    n: number,
    ...range: Range
  ): void;
  packPanels(from: number, panels: number, k: number, n: number, rowStep: number, columnStep: number): void;
  multiplyPanels(left: number, panels: number, out: number, k: number, n: number, ...range: Range): void;
  gatherTap(
    x: number,
    columns: number,
    rowLength: number,
    ...geometry: [
      ...input: [number, number, number],
      ...output: [number, number],
      ...strides: [number, number],
      ...offset: [number, number],
      ...Range,
    ]
  ): void;
  spreadPixels(
    x: number,
    out: number,
    ...geometry: [
      ...input: [number, number, number],
      ...output: [number, number],
      ...strides: [number, number],
      ...Range,
    ]
  ): void;
  depthwiseFilterGradient(
    x: number,
    dy: number,
    gradient: number,
    batch: number,
    ...geometry: [...DepthwiseGeometry, ...Range]
  ): void;
  depthwiseInputGradient(dy: number, filter: number, dx: number, ...geometry: [...DepthwiseGeometry, ...Range]): void;
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

/** Compiles the form that fits `memory`. The result can be sent to a thread. */
export async function compileGradientModule(binaries: GradientBinaries, memory: WasmMemory): Promise<object> {
  return await WebAssembly.compile(isShared(memory) ? binaries.shared : binaries.plain);
}

/** An instance of the compiled module on `memory`. */
export async function gradientModule(module: object, memory: WasmMemory): Promise<GradientModule> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as GradientModule;
}

export function isShared({ buffer }: WasmMemory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}
