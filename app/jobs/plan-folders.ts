/**
 * The training plan of folders of class folders, as Keras' flow_from_directory reads them:
 *
 *     TRAIN_DIR/classA/*.jpg  TRAIN_DIR/classB/*.png       VAL_DIR/...       [TEST_DIR/...]
 *
 * Patients come from a CSV (columns file and group); without it they are unknown and the report says so.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { classPalette } from '../core/annotation.ts';
import { EosinError } from '../core/errors.ts';
import type { SplitPart } from '../core/project.ts';
import type { Recipe } from '../core/recipe.ts';
import { readInput } from '../files/read-input.ts';
import { assertNoLeak } from '../patches/leak.ts';
import { parseCsv } from '../slides/csv.ts';
import { assertTrainable, hashPlan, summarise, type TrainPlan } from './train-plan.ts';

export interface PatchFolders {
  readonly train: string;
  readonly validation: string;
  readonly test: string | null;
  /** CSV that says which patient a picture is of. */
  readonly groups: string | null;
  /** µm per px of the pictures, or null when nobody knows. */
  readonly mpp: number | null;
}

interface Picture {
  readonly path: string;
  readonly className: string;
  readonly part: SplitPart;
}

const pictureEndings = new Set(['.jpg', '.jpeg', '.png']);

/**
 * Throws plan/... for a folder that cannot be read or gives nothing to learn from.
 *
 * @param pooled the folders will be dealt anew: a patient may stand in two of them.
 */
export async function planFolders(folders: PatchFolders, recipe: Recipe, pooled = false): Promise<TrainPlan> {
  const pictures = [
    ...(await picturesIn(folders.train, 'train')),
    ...(await picturesIn(folders.validation, 'validation')),
    ...(folders.test ? await picturesIn(folders.test, 'test') : []),
  ];
  const names = classNamesOf(pictures.filter(({ part }) => part === 'train'));
  const strange = pictures.find(({ className }) => !names.includes(className));
  if (strange) {
    throw new EosinError(
      'plan/class-not-trained',
      'input',
      `Class ${strange.className} is in the ${strange.part} folder only.`,
      { remedy: 'Give the folders the same class folders.', fields: { className: strange.className } },
    );
  }
  const own = { ...recipe, input: { ...recipe.input, mpp: folders.mpp } };
  const plan = await planOf(pictures, names, folders.groups, own);
  if (!pooled) assertNoLeak(plan.patches);
  assertTrainable(plan.summary);
  return plan;
}

/** One folder of class folders, all of it in the test part: what a finished model is judged on. */
export async function planPictures(folder: string, groups: string | null, recipe: Recipe): Promise<TrainPlan> {
  const pictures = await picturesIn(folder, 'test');
  return planOf(pictures, classNamesOf(pictures), groups, recipe);
}

function classNamesOf(pictures: readonly Picture[]): string[] {
  return [...new Set(pictures.map(({ className }) => className))].sort();
}

async function planOf(
  pictures: readonly Picture[],
  names: readonly string[],
  groups: string | null,
  recipe: Recipe,
): Promise<TrainPlan> {
  const warnings: string[] = [];
  const groupOf = groups ? await readGroups(groups, pictures) : null;
  if (!groupOf) {
    warnings.push('The patients of these pictures are unknown: nobody can tell whether one stands in two folders.');
  }
  const patches = pictures.map(({ path: file, className, part }, index) => {
    const patient = groupOf?.get(file) ?? `picture:${index}`;
    return { index, classIndex: names.indexOf(className), patient, region: patient, part };
  });
  const draft = {
    recipe,
    classes: names.map((name, i) => ({ name, colour: classPalette[i % classPalette.length]!.colour })),
    patches,
    pixels: {
      kind: 'pictures' as const,
      colour: recipe.input.colour,
      pictures: pictures.map(({ path: file }, index) => ({ path: file, index })),
    },
    contextPx: 0,
    mpp: recipe.input.mpp,
    stains: [],
    learnsGlass: false,
    patientsKnown: groupOf !== null,
    selection: null,
  };
  return { ...draft, summary: summarise(draft, 0, warnings), planHash: hashPlan(draft) };
}

async function picturesIn(folder: string, part: SplitPart): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const entry of await entriesOf(folder)) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    for (const file of await entriesOf(path.join(folder, entry.name))) {
      if (!file.isFile() || !pictureEndings.has(path.extname(file.name).toLowerCase())) continue;
      pictures.push({ path: path.join(folder, entry.name, file.name), className: entry.name, part });
    }
  }
  if (pictures.length === 0) {
    throw new EosinError(
      'plan/no-pictures',
      'input',
      `There are no class folders with JPEG or PNG pictures in ${folder}.`,
      {
        remedy: 'Give a folder that holds one folder a class, with the patches of the class in it.',
      },
    );
  }
  return pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new EosinError('plan/no-folder', 'input', `The folder ${folder} cannot be read.`, {
      remedy: 'Check its name and that you may read it.',
      cause,
    });
  }
}

/**
 * Patient of each picture's absolute path. A row names a picture by the end of its path (`train/gland/1.png`, `1.png`);
 * of several rows that fit, the longest counts.
 */
async function readGroups(file: string, pictures: readonly Picture[]): Promise<Map<string, string>> {
  const [head = [], ...rows] = parseCsv((await readInput(file)).toString('utf8'));
  const fileColumn = head.indexOf('file');
  const groupColumn = ['patient', 'group', 'source_image_group']
    .map((name) => head.indexOf(name))
    .find((at) => at >= 0);
  if (fileColumn < 0 || groupColumn === undefined) {
    throw new EosinError(
      'plan/groups-columns',
      'input',
      'The groups file needs the columns file and patient (or group).',
      { remedy: 'Write the head line: file,patient', fields: { found: head.join(',') } },
    );
  }
  const groupOfEnd = new Map<string, string>();
  for (const row of rows) {
    const end = path.posix.normalize((row[fileColumn] ?? '').replaceAll('\\', '/'));
    const group = (row[groupColumn] ?? '').trim();
    if (groupOfEnd.has(end) && groupOfEnd.get(end) !== group) throw groupsTwice(end, 'stands twice, with two patients');
    groupOfEnd.set(end, group);
  }
  const groups = new Map<string, string>();
  const pictureOfEnd = new Map<string, Picture>();
  for (const picture of pictures) {
    const end = endsOf(picture.path).find((candidate) => groupOfEnd.has(candidate));
    const group = end === undefined ? '' : groupOfEnd.get(end)!;
    if (end === undefined || group === '') {
      throw new EosinError(
        'plan/groups-missing',
        'input',
        `The groups file does not name ${path.basename(picture.path)}.`,
        { remedy: 'Give every picture a line with its patient.' },
      );
    }
    if (pictureOfEnd.has(end)) throw groupsTwice(end, 'fits two pictures');
    pictureOfEnd.set(end, picture);
    groups.set(picture.path, group);
  }
  return groups;
}

/** `a/b/c.png` -> itself, `b/c.png`, `c.png`. */
function endsOf(file: string): string[] {
  const segments = file.split(path.sep);
  return segments.map((_, from) => segments.slice(from).join('/'));
}

function groupsTwice(end: string, what: string): EosinError {
  return new EosinError('plan/groups-ambiguous', 'input', `The line ${end} of the groups file ${what}.`, {
    remedy: 'Give every picture one line, with enough of its folder to tell it apart: train/gland/1.png.',
    fields: { file: end },
  });
}
