/** Which backbones can be used on this computer, and what is missing for the others. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { architectures } from '../networks/architectures.ts';
import type { Architecture } from '../networks/backbone.ts';
import { mobileNetV2 } from '../networks/mobilenet-v2.ts';
import { publishedFiles } from './published-files.ts';
import {
  backboneNameSchema,
  manifestByteLimit,
  manifestFile,
  manifestSchema,
  type WeightsManifest,
} from './weights-manifest.ts';

export interface BackboneEntry {
  /** As a recipe names it: `resnet50`, or `resnet50@lab` for weights that the user named. */
  readonly name: string;
  /** The network, for people. */
  readonly title: string;
  readonly atHand: boolean;
  /** Where the weights are from; null where there are none. */
  readonly provenance: string | null;
  readonly licence: string | null;
  readonly sha256: string | null;
  /** Its own dense layers are at hand, for a recipe that keeps the head. */
  readonly ownHead: boolean;
  /** Where there are no weights: which file is wanted and how it comes in. */
  readonly wanted: string | null;
  /** Layer groups from the input up; what a recipe's `attach` may name. */
  readonly groups: readonly string[];
}

/** What a job worker needs to load a backbone; `folder` null is the one that comes with npm. */
export interface BackboneSource {
  readonly name: string;
  readonly folder: string | null;
  /** Of its numbers; null for the one that comes with npm. */
  readonly sha256: string | null;
}

export interface BackboneLibrary {
  /** At hand first. */
  list(): BackboneEntry[];
  /** The backbone that `auto` means: EfficientNet-Lite0 where it is at hand, otherwise MobileNetV2. */
  best(): string;
  /** @throws EosinError `weights/not-at-hand` with the file that is wanted, `weights/no-own-head` when `ownHead` is asked for in vain. */
  source(name: string, needs?: { readonly ownHead: boolean }): BackboneSource;
  /** Where new weights are kept, a folder a name. */
  readonly folder: string;
  /** @throws EosinError `weights/exists` */
  assertFree(name: string): void;
  /** @throws EosinError `weights/not-at-hand` where there are none that were imported. */
  remove(name: string): Promise<void>;
}

/** The ones that a person chooses among; torchvision's flavours go by the same name. */
const families = architectures.filter(({ name }) => !name.endsWith('-torchvision'));
const builtIn = mobileNetV2.name;
const preferred = 'efficientnet-lite0';

/** @param folders where weights lie, the first is the one that new ones go to; a folder that is not there is empty. */
export function createBackboneLibrary(folders: readonly string[]): BackboneLibrary {
  const found = (): { manifest: WeightsManifest; folder: string }[] => {
    const all = folders.flatMap((folder) => readFolder(folder));
    return all.filter(({ manifest }, i) => all.findIndex((one) => one.manifest.name === manifest.name) === i);
  };
  const find = (name: string) => found().find(({ manifest }) => manifest.name === name);
  return {
    list() {
      const imported = found().map(({ manifest }) => entryOf(manifest));
      const here = new Set([builtIn, ...imported.map(({ name }) => name)]);
      const missing = families.filter(({ name }) => !here.has(name)).map(missingEntry);
      return [...imported, builtInEntry(), ...missing].sort(
        (a, b) => Number(b.atHand) - Number(a.atHand) || a.name.localeCompare(b.name),
      );
    },
    best: () => (find(preferred) ? preferred : builtIn),
    source(name, needs = { ownHead: false }) {
      const stored = name === builtIn ? null : find(name);
      if (stored === undefined) throw notAtHand(name);
      if (needs.ownHead && !stored?.manifest.ownHead) throw noOwnHead(name);
      return { name, folder: stored?.folder ?? null, sha256: stored?.manifest.sha256 ?? null };
    },
    folder: folders[0] ?? '',
    assertFree(name) {
      if (name === builtIn || find(name)) throw nameTaken(name);
    },
    async remove(name) {
      const stored = find(name);
      if (!stored) throw notAtHand(name);
      await rm(stored.folder, { recursive: true, force: true });
    },
  };
}

/** What belongs to a backbone's name: `resnet50@lab` is a ResNet50. */
export function familyOf(name: string): Architecture | null {
  return families.find((family) => family.name === name.split('@')[0]) ?? null;
}

/** A folder that was half removed or made by a newer Eosin is none. */
function readFolder(folder: string): { manifest: WeightsManifest; folder: string }[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const own = path.join(folder, name);
    try {
      const file = path.join(own, manifestFile);
      if (statSync(file).size > manifestByteLimit) return [];
      const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      return manifest.name === name && familyOf(name) ? [{ manifest, folder: own }] : [];
    } catch {
      return [];
    }
  });
}

function entryOf({ name, provenance, licence, sha256, ownHead }: WeightsManifest): BackboneEntry {
  const family = familyOf(name)!;
  return {
    name,
    title: family.title,
    atHand: true,
    provenance,
    licence,
    sha256,
    ownHead,
    wanted: null,
    groups: groupNames(family),
  };
}

function builtInEntry(): BackboneEntry {
  const { name, provenance } = mobileNetV2;
  const family = familyOf(name)!;
  const known = { provenance, licence: 'MIT', sha256: null, ownHead: false, wanted: null };
  return { name, title: family.title, atHand: true, ...known, groups: groupNames(family) };
}

function missingEntry(family: Architecture): BackboneEntry {
  const none = { provenance: null, licence: null, sha256: null, ownHead: false };
  const { name, title } = family;
  return { name, title, atHand: false, ...none, wanted: wantedFor(name), groups: groupNames(family) };
}

const groupNames = ({ plan }: Architecture): string[] => plan.map(({ name }) => name);

function wantedFor(name: string): string {
  if (name === preferred) return "'eosin models fetch efficientnet-lite0' gets its weights (17 MB, Apache-2.0).";
  const files = publishedFiles.filter(({ architecture }) => architecture === name);
  const words = files.map(({ file, md5, top }) => `${file}${top ? ' (with its dense layers)' : ''}, MD5 ${md5}`);
  return `Wanted: ${words.join('; or ')}; then 'eosin models import FILE --backbone ${name}'. Keras publishes them.`;
}

/** A name of the user's own for weights. @throws EosinError `weights/name` */
export function assertLabel(label: string): void {
  if (backboneNameSchema.safeParse(`new@${label}`).success) return;
  throw new EosinError('weights/name', 'usage', `'${label}' is no name for weights.`, {
    remedy: 'Use small letters, digits, dots and dashes.',
  });
}

export function nameTaken(name: string): EosinError {
  const family = name.split('@')[0];
  return new EosinError('weights/exists', 'conflict', `There are weights called ${name} already.`, {
    remedy: `Give them a name of their own (--name lab makes ${family}@lab), or remove the others first.`,
    fields: { name },
  });
}

function notAtHand(name: string): EosinError {
  const family = familyOf(name);
  const known = families.map((one) => one.name).join(', ');
  return new EosinError(
    'weights/not-at-hand',
    'config',
    `There are no weights for the backbone ${name} on this computer.`,
    {
      remedy:
        family === null
          ? `Eosin knows ${known}; 'eosin models list' shows what is at hand.`
          : name === family.name
            ? wantedFor(name)
            : `Import them: eosin models import FILE --backbone ${family.name} --name ${name.split('@')[1]}.`,
      fields: { backbone: name },
    },
  );
}

function noOwnHead(name: string): EosinError {
  const file = publishedFiles.find(({ architecture, top }) => top && architecture === name.split('@')[0]);
  return new EosinError('weights/no-own-head', 'config', `The weights of ${name} are without its own dense layers.`, {
    remedy: file
      ? `Import ${file.file} (MD5 ${file.md5}), or set head.kind to new.`
      : 'Set head.kind to new, or use vgg16 with weights of the whole network.',
    fields: { backbone: name },
  });
}
