/**
 * Gradient kernels that tfjs-backend-wasm 4.22 lacks, has wrong, or has slow. AssemblyScript, SIMD; products and sums in one
 * operation where the processor has it (relaxed SIMD).
 *
 * They work in place on the backend's own heap (imported memory). All tensors are float32, NHWC; every pointer is a byte
 * offset. No kernel allocates, so the module has no data, no stack and no heap of its own there, and several threads may run
 * an instance each on one memory: each is given a range of rows, channels or pictures that no other writes.
 */
export { clipGradient, reluGradient } from './activation';
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise';
export { gatherTap, multiplyTransposed, spreadPixels } from './filter';
export { maxPoolGradient } from './pooling';
export { multiplyPanels, packPanels } from './product';
export { addTotals, affineGradient, affineRows, columnTotals } from './rows';
