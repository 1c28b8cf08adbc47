/**
 * The one small interface behind which every way of training stands.
 *
 *     native-cuda  native-cpu  webgpu  wasm  cpu          the ladder, tried from the left; a rung counts after its self-test
 *
 * The code above this line (networks, training) uses `engine.tf` and knows nothing else of the backend.
 */
import type * as tf from '@tensorflow/tfjs';

export type EngineId = 'native-cuda' | 'native-cpu' | 'webgpu' | 'wasm' | 'cpu';

export interface Engine {
  readonly id: EngineId;
  /** The TensorFlow.js namespace with this engine's backend active. */
  readonly tf: typeof tf;
  /** What it runs on, for people: `CPU, 2 threads, SIMD`. */
  readonly device: string;
  readonly threads: number;
  /** Frees what the engine holds; tensors made with it are gone. */
  close(): Promise<void>;
}

/** An engine whose gradients were compared with the cpu backend's before anything was learned on it. */
export interface TestedEngine extends Engine {
  /** Largest relative difference of a gradient from the cpu backend's; below 1e-4. */
  readonly gradientError: number;
}

/** Runs finished graphs only; stands beside the ladder in the doctor's report. */
export type InferenceEngineId = 'onnxruntime';

export interface EngineReport {
  readonly id: EngineId | InferenceEngineId;
  /** `training` engines learn; `inference` ones only run a finished graph. */
  readonly kind: 'training' | 'inference';
  readonly usable: boolean;
  readonly reason?: string;
  readonly device?: string;
  /** Largest relative difference of a gradient from the cpu backend's. */
  readonly gradientError: number | null;
  readonly forwardPerSecond: number | null;
  readonly trainPerSecond: number | null;
}
