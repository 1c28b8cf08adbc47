/** The endings of file names that Eosin opens, in one place: for dialogs, the file browser and the search through folders. */

/** Slides of scanners. */
export const slideEndings: readonly string[] = [
  'svs',
  'tif',
  'tiff',
  'btf',
  'tf8',
  'scn',
  'ndpi',
  'qptiff',
  'dcm',
  'dicom',
];

/** Plain pictures: slides when they are chosen one by one, but in a folder of slides more likely labels, previews or patches. */
export const pictureEndings: readonly string[] = ['png', 'jpg', 'jpeg'];

/** Slides of formats that are not read: said by name where they are met, not passed over. */
export const unreadEndings: readonly string[] = [
  'mrxs',
  'bif',
  'vms',
  'vmu',
  'ndpis',
  'svslide',
  'vsi',
  'czi',
  'zvi',
  'lif',
  'isyntax',
];

/** The ending of a file's name without its dot, in small letters; empty when there is none. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}

export function isDicomEnding(ending: string): boolean {
  return ending === 'dcm' || ending === 'dicom';
}

/** By its name: `.dcm` or, as archives write them, without an ending. */
export function mayBeDicom(name: string): boolean {
  const ending = endingOf(name);
  return isDicomEnding(ending) || (ending === '' && name !== 'DICOMDIR');
}
