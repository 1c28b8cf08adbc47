/**
 * Gradient kernels that tfjs-backend-wasm 4.22 lacks, has wrong, or has slow. AssemblyScript, SIMD, single-threaded.
 *
 * They work in place on the backend's own heap (imported memory). All tensors are float32, NHWC; every pointer is a byte
 * offset. No kernel allocates, so the module has no data and no heap of its own.
 */
export { clipGradient, reluGradient } from './activation';
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise';
export { gatherTap, multiplyTransposed } from './filter';
export { maxPoolGradient } from './pooling';
export { affineRows, columnSums } from './rows';
