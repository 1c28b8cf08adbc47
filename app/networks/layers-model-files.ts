/** A layers model as the two files of a TensorFlow.js model: `model.json` and one weight file. */
import type * as tf from '@tensorflow/tfjs';

export const WEIGHTS_FILE = 'weights.bin';

export interface LayersModelFiles {
  /** UTF-8 JSON with topology and weights manifest; names `weights.bin`. */
  readonly modelJson: Uint8Array;
  readonly weights: Uint8Array;
}

/** Encodes topology and weights; `tf.loadLayersModel` reads the pair from a folder. */
export async function encodeLayersModel(model: tf.LayersModel): Promise<LayersModelFiles> {
  let files: LayersModelFiles | null = null;
  await model.save({
    save: async (artifacts) => {
      const manifest = [{ paths: [WEIGHTS_FILE], weights: artifacts.weightSpecs ?? [] }];
      const json = {
        format: 'layers-model',
        generatedBy: artifacts.generatedBy,
        convertedBy: null,
        modelTopology: artifacts.modelTopology,
        weightsManifest: manifest,
      };
      files = { modelJson: new TextEncoder().encode(JSON.stringify(json)), weights: joined(artifacts.weightData) };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return files!;
}

/** The model that `encodeLayersModel` wrote; the caller disposes it. */
export async function decodeLayersModel(engine: typeof tf, files: LayersModelFiles): Promise<tf.LayersModel> {
  const json = JSON.parse(new TextDecoder().decode(files.modelJson)) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  return await engine.loadLayersModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
      weightData: files.weights.slice().buffer,
    }),
  });
}

function joined(data: tf.io.WeightData | undefined): Uint8Array {
  const parts = data === undefined ? [] : Array.isArray(data) ? data : [data];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return bytes;
}
