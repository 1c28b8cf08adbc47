/**
 * Entry file: takes a file of weights in. Works in a job worker, since the file may come from anywhere.
 *
 *     file -> tensors -> names and layout as Keras has them -> what fits which network -> weights.json, weights.bin
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { readInput } from '../files/read-input.ts';
import { writeFolderWhole } from '../files/write-whole.ts';
import { type Architecture, backboneOf, type Preprocessing } from '../networks/backbone.ts';
import { exportOnnx } from '../networks/export-onnx.ts';
import { preprocessings } from '../networks/preprocessings.ts';
import { nameTaken } from './backbone-library.ts';
import { chooseNetwork, familyName } from './choose-network.ts';
import type { MatchedWeights } from './match-weights.ts';
import { publishedFile } from './published-files.ts';
import { readWeights } from './read-weights-node.ts';
import {
  manifestFile,
  manifestSchema,
  manifestVersion,
  numbersFile,
  type WeightsManifest,
} from './weights-manifest.ts';

export interface ImportRequest {
  /** Absolute. */
  readonly file: string;
  /** `resnet50`; null: the network whose names fit best. */
  readonly family: string | null;
  /** What the user calls these weights; null: they go by the network's name alone. */
  readonly label: string | null;
  /** Where backbones are kept; the new one becomes a folder below it. */
  readonly folder: string;
  /** Names that are in use. */
  readonly taken: readonly string[];
  /** What the network is to be fed where the user knows better; null: what its publisher feeds it. */
  readonly preprocessing: Preprocessing | null;
  /** Of a package that was fetched by name; null: told from the file. */
  readonly origin: { readonly provenance: string; readonly licence: string } | null;
  readonly appVersion: string;
}

export interface ImportReport {
  readonly name: string;
  readonly architecture: string;
  readonly folder: string;
  readonly provenance: string;
  readonly licence: string;
  /** Keras' name of the file where it is one that Keras publishes. */
  readonly recognised: string | null;
  readonly matched: number;
  /** Weights of the network's own dense layers that the file does not have. */
  readonly missing: readonly string[];
  /** Names in the file that were not taken. */
  readonly unused: readonly string[];
  readonly ownHead: boolean;
  readonly sha256: string;
  readonly fingerprint: WeightsManifest['fingerprint'];
}

export interface ImportTools {
  readonly engine: typeof tf;
  /** One pass of an exported graph: one uint8 picture in, named outputs out. */
  readonly forward: (onnx: Uint8Array, pixels: Uint8Array) => Promise<Record<string, Float32Array>>;
}

const fingerprintSizePx = 64;
const fingerprintChannels = 8;

/**
 * Writes the folder whole or not at all.
 *
 * @throws EosinError `weights/...`: what cannot be read, does not fit or is not finite; `file/missing`, `file/disk-full`.
 */
export async function importWeights(request: ImportRequest, tools: ImportTools): Promise<ImportReport> {
  const bytes = await readInput(request.file);
  const { tensors, format } = await readWeights(request.file, bytes);
  const { architecture, dialect, matched, ownHead } = chooseNetwork(tensors, format, request.family);
  const [sha256, md5] = ['sha256', 'md5'].map((name) => createHash(name).update(bytes).digest('hex')) as [
    string,
    string,
  ];
  const published = publishedFile(md5);
  const family = familyName(architecture.name);
  const name = request.label === null ? family : `${family}@${request.label}`;
  if (request.taken.includes(name)) throw nameTaken(name);
  const file = path.basename(request.file);
  const stranger = `${architecture.title} imported from ${file}, SHA-256 ${sha256}; Eosin does not know what it was trained on`;
  const { provenance, licence } = request.origin ?? {
    provenance: published ? `${published.words} (${published.file}, MD5 ${md5})` : stranger,
    licence: published?.licence ?? 'unknown: ask where the file is from',
  };
  const numbers = joined(matched);
  const draft = {
    schemaVersion: manifestVersion,
    name,
    architecture: architecture.name,
    preprocessing:
      request.preprocessing ??
      (dialect?.feeds === 'torchvision' ? preprocessings.torchvision : architecture.preprocessing),
    provenance,
    licence,
    source: { file, bytes: bytes.length, sha256, md5, dialect: dialect?.name ?? 'keras' },
    ownHead,
    weights: matched.tensors.map((one) => ({ name: one.name, shape: [...one.tensor.shape] })),
    sha256: createHash('sha256').update(numbers).digest('hex'),
    importedAt: new Date().toISOString(),
    eosin: request.appVersion,
  };
  const fingerprint = await fingerprintOf(architecture, draft, numbers, tools);
  const manifest = manifestSchema.parse({ ...draft, fingerprint });
  const folder = path.join(request.folder, name);
  await writeFolderWhole(folder, async (temporary) => {
    const synced = { flush: true };
    await writeFile(path.join(temporary, numbersFile), numbers, synced);
    await writeFile(path.join(temporary, manifestFile), `${JSON.stringify(manifest, null, 1)}\n`, synced);
  });
  const { missing, unused } = matched;
  const known = {
    name,
    architecture: architecture.name,
    folder,
    provenance,
    licence,
    recognised: published?.file ?? null,
  };
  return { ...known, matched: matched.tensors.length, missing, unused, ownHead, sha256: manifest.sha256, fingerprint };
}

/** float32 one weight after another. */
function joined({ tensors }: MatchedWeights): Uint8Array {
  const all = new Float32Array(tensors.reduce((sum, { tensor }) => sum + tensor.values.length, 0));
  let at = 0;
  for (const { tensor } of tensors) {
    all.set(tensor.values, at);
    at += tensor.values.length;
  }
  return new Uint8Array(all.buffer);
}

/** What the network says of a fixed picture: the same weights and preprocessing give the same numbers on any computer. */
async function fingerprintOf(
  architecture: Architecture,
  {
    provenance,
    preprocessing,
    weights,
    sha256,
  }: Pick<WeightsManifest, 'provenance' | 'weights' | 'sha256'> & { readonly preprocessing: Preprocessing },
  numbers: Uint8Array,
  { engine, forward }: ImportTools,
): Promise<WeightsManifest['fingerprint']> {
  const backbone = backboneOf(architecture, { provenance, preprocessing });
  const specs = weights.map((weight) => ({ ...weight, dtype: 'float32' as const }));
  const model = await backbone.build(engine, { specs, data: numbers.buffer as ArrayBuffer, sha256 }, fingerprintSizePx);
  const outputs = [{ name: 'features', layer: backbone.groups.at(-1)!.output, pooled: true }];
  const onnx = await exportOnnx({ model, preprocessing, outputs });
  model.dispose();
  const { features } = await forward(onnx, fixedPicture(fingerprintSizePx));
  return { sizePx: fingerprintSizePx, values: [...features!.subarray(0, fingerprintChannels)] };
}

/** Stripes and squares of whole numbers, the same everywhere. `[size, size, rgb]` */
function fixedPicture(sizePx: number): Uint8Array {
  return Uint8Array.from({ length: sizePx * sizePx * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % sizePx, Math.floor(i / 3 / sizePx)];
    return (x * (7 + channel) + y * (11 - channel) + 40 * ((x >> 3) ^ (y >> 3))) & 255;
  });
}
