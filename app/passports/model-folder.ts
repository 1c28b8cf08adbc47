/**
 * A finished model as a folder. It appears whole or not at all, and nothing of it is used before everything was checked:
 * names, sizes, hashes, finite weights. TensorFlow.js is never loaded here.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import { researchUseOnly } from '../core/research-use.ts';
import { writeFolderWhole } from '../files/write-whole.ts';
import { floatsAreFinite, onnxWeightsAreFinite, weightBytes } from './finite-weights.ts';
import { fileNameSchema, type Passport, type PassportDraft, passportSchema, passportVersion } from './passport.ts';
import { parsePassport, passportByteLimit, renderPassport } from './passport-text.ts';

const passportFile = 'passport.json';
const onnxFile = 'model.onnx';
const layersFile = 'model.json';
/** All files of a model together. */
const totalByteLimit = 2 * 1024 ** 3;

export interface OpenedModel {
  readonly passport: Passport;
  readonly folder: string;
  /** Absolute path of model.onnx. */
  readonly onnxFile: string;
  readonly onnxSha256: string;
}

export interface ModelFolderRequest {
  /** The folder in which training left its files. */
  readonly from: string;
  /** `models/<id>`; must not exist yet. */
  readonly to: string;
  readonly passport: PassportDraft;
  /** Files to take, with the SHA-256 that they had when they were made. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

/** Copies the files, writes their passport and checks the result as a reader would. Throws as `openModelFolder`, and `model/exists`. */
export async function writeModelFolder(request: ModelFolderRequest): Promise<Passport> {
  if ((await statOrNull(request.to)) !== null) {
    throw new EosinError('model/exists', 'conflict', 'A model of this name is there already.', {
      remedy: 'Choose another name, or remove the old model first.',
    });
  }
  let passport: Passport | undefined;
  await writeFolderWhole(request.to, async (temporary) => {
    const files: Passport['files'] = [];
    for (const { name, sha256 } of request.files) {
      fileNameSchema.parse(name);
      const target = join(temporary, name);
      await copySynced(join(request.from, name), target);
      files.push({ name, bytes: (await lstat(target)).size, sha256 });
    }
    const content = { schemaVersion: passportVersion, ...request.passport, researchUseOnly, files };
    passport = passportSchema.parse(content);
    await writeSynced(join(temporary, passportFile), renderPassport(passport));
    await openModelFolder(temporary);
  });
  return passport!;
}

/**
 * Opens a model folder. Throws `model/missing` (not there), `model/broken` (not a model, wrong size, weights that are no
 * numbers), `model/hash` (changed after it was saved), `model/newer` (saved by a later Eosin).
 */
export async function openModelFolder(folder: string): Promise<OpenedModel> {
  const passport = parsePassport(await readPassport(folder));
  const names = new Set(passport.files.map(({ name }) => name.toLowerCase()));
  if (names.size !== passport.files.length || !names.has(onnxFile))
    throw broken('files are listed twice or model.onnx is not');
  const total = passport.files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > totalByteLimit) throw broken('its files are larger than 2 GiB');
  for (const file of passport.files) await checkFile(folder, file);
  await checkWeights(folder, names);
  const onnx = passport.files.find(({ name }) => name === onnxFile)!;
  return { passport, folder, onnxFile: join(folder, onnxFile), onnxSha256: onnx.sha256 };
}

async function readPassport(folder: string): Promise<string> {
  const file = join(folder, passportFile);
  const stat = await statOrNull(file);
  if (stat === null) {
    throw new EosinError('model/missing', 'missing', 'There is no model at this place: it has no passport.json.', {
      remedy: 'Choose a model folder (models/… of a project), or train a model first.',
    });
  }
  if (!stat.isFile() || stat.size > passportByteLimit) throw broken('passport.json is no file of at most 1 MB');
  return await readFile(file, 'utf8');
}

async function checkFile(folder: string, file: Passport['files'][number]): Promise<void> {
  const path = join(folder, file.name);
  const stat = await statOrNull(path);
  if (stat === null) {
    throw new EosinError('model/missing', 'missing', `The model lacks its file ${file.name}.`, {
      remedy: 'Copy the whole model folder again from where it was saved.',
      fields: { file: file.name },
    });
  }
  // lstat: a link could lead out of the folder.
  if (!stat.isFile()) throw broken(`${file.name} is no plain file`);
  if (stat.size !== file.bytes || (await sha256Of(path)) !== file.sha256) {
    throw new EosinError('model/hash', 'input', `The model's file ${file.name} was changed after it was saved.`, {
      remedy: 'Copy the model again from where it was saved, or train it anew. It will not be used as it is.',
      fields: { file: file.name },
    });
  }
}

async function checkWeights(folder: string, names: ReadonlySet<string>): Promise<void> {
  let finite: boolean;
  try {
    finite = onnxWeightsAreFinite(await readFile(join(folder, onnxFile)));
    if (finite && names.has(layersFile)) finite = await layersWeightsAreFinite(folder, names);
  } catch (cause) {
    if (cause instanceof EosinError) throw cause;
    throw broken(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!finite) throw broken('a weight is not a finite number');
}

const manifestSchema = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(fileNameSchema),
      weights: z.array(z.object({ shape: z.array(z.int().min(0)), dtype: z.string() })),
    }),
  ),
});

async function layersWeightsAreFinite(folder: string, names: ReadonlySet<string>): Promise<boolean> {
  const model = manifestSchema.parse(JSON.parse(await readFile(join(folder, layersFile), 'utf8')));
  for (const group of model.weightsManifest) {
    if (!group.paths.every((path) => names.has(path.toLowerCase())))
      throw broken('model.json names a file that is not listed');
    const bytes = Buffer.concat(await Promise.all(group.paths.map((path) => readFile(join(folder, path)))));
    if (bytes.length !== weightBytes(group.weights))
      throw broken('model.json and its weights do not have the same size');
    let at = 0;
    for (const spec of group.weights) {
      const end = at + weightBytes([spec]);
      if (spec.dtype === 'float32' && !floatsAreFinite(bytes.subarray(at, end))) return false;
      at = end;
    }
  }
  return true;
}

/** SHA-256 (hex) of a file, read in pieces. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function statOrNull(path: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  try {
    return await lstat(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw cause;
  }
}

function broken(reason: string, cause?: unknown): EosinError {
  return new EosinError('model/broken', 'input', `The model cannot be used: ${reason}.`, {
    remedy: 'Copy the whole model folder again from where it was saved, or train the model anew.',
    fields: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
