/** What a TIFF says beside its pixels, tag by tag: the values that a copy without names must not hold. */
import type { ByteSource } from '../byte-source.ts';
import { readFields } from '../check-fields.ts';
import type { CheckedTiff } from '../structure-check.ts';
import type { TiffDirectory } from '../tiff-directory.ts';
import { fieldBytes, readIntegers, type TiffField, tag } from '../tiff-format.ts';
import { looksLikeXml, parseXml } from '../xml.ts';
import { cleanAperio } from './aperio-description.ts';
import { cleanProfile } from './clean-profile.ts';
import { isKeptField } from './copy-tiff.ts';
import { type Taken, textOfBytes, textsInBytes } from './search-terms.ts';
import { valuesOfXml } from './xml-descriptions.ts';

const names: Readonly<Record<number, string>> = {
  269: 'DocumentName',
  270: 'ImageDescription',
  271: 'Make',
  272: 'Model',
  285: 'PageName',
  305: 'Software',
  306: 'DateTime',
  315: 'Artist',
  316: 'HostComputer',
  700: 'XMP',
  33432: 'Copyright',
  33723: 'IPTC',
  34377: 'Photoshop',
  34665: 'Exif',
  34675: 'ICC profile',
  34853: 'GPS',
  50839: 'ImageJ',
};
const ascii = 2;
const bytesTypes: readonly number[] = [1, 6, 7];
/** Fields that point to directories of their own (TIFF/EP, Exif 2.3). */
const pointers: readonly number[] = [34_665, 34_853, 40_965];
const mostBytes = 16 * 2 ** 20;

/** Of every directory, kept or not; each name and value once. */
export async function valuesOfTiff(
  source: ByteSource,
  checked: CheckedTiff,
  directories: readonly TiffDirectory[],
): Promise<Taken[]> {
  const values = new Map<string, Taken>();
  const note = ({ name, text }: Taken): void => {
    if (text.trim() !== '') values.set(`${name} ${text}`, { name, text });
  };
  for (const { fields, description } of directories) {
    for (const value of valuesOfDescription(description)) note(value);
    for (const [number, field] of fields)
      if (number !== tag.imageDescription)
        for (const value of await valuesOfField(source, checked, number, field)) note(value);
  }
  return [...values.values()];
}

async function valuesOfField(
  source: ByteSource,
  checked: CheckedTiff,
  number: number,
  field: TiffField,
): Promise<Taken[]> {
  const name = names[number] ?? `tag ${number}`;
  if (field.bytes > mostBytes) return [];
  const raw = await source.read(field.at, field.bytes);
  if (number === tag.iccProfile)
    return (cleanProfile(raw)?.left ?? [raw]).map((left) => ({ name, text: textsInBytes(left) }));
  if (pointers.includes(number)) {
    const at = readIntegers(raw, field.type, checked.littleEndian)[0] ?? 0;
    return valuesBelow(source, checked, name, at);
  }
  if (isKeptField(number, field.type, field.count)) return [];
  if (field.type === ascii) return [{ name, text: textOfBytes(raw) }];
  return bytesTypes.includes(field.type) ? [{ name, text: textsInBytes(raw) }] : [];
}

/** The texts of an Exif or GPS directory; one that is damaged has none that can be told. */
async function valuesBelow(source: ByteSource, checked: CheckedTiff, name: string, at: number): Promise<Taken[]> {
  try {
    const { fields } = await readFields(source, checked, at, 0);
    const found: Taken[] = [];
    for (const [, field] of fields)
      if (fieldBytes[field.type] === 1 && field.bytes <= mostBytes)
        found.push({ name, text: textOfBytes(await source.read(field.at, field.bytes)) });
    return found;
  } catch {
    return [];
  }
}

/** What a description says, value by value, where its format has names for them. */
function valuesOfDescription(description: string): Taken[] {
  if (description.startsWith('Aperio')) return cleanAperio(description).taken;
  if (looksLikeXml(description)) {
    try {
      return valuesOfXml('XML', parseXml(description));
    } catch {
      // Of a directory whose description no reader has to understand.
    }
  }
  return [{ name: 'ImageDescription', text: description }];
}
