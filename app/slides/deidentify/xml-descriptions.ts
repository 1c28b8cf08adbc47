/**
 * The XML descriptions of OME, Philips, Leica and PerkinElmer written anew from their numbers: sizes, places, spacings, objective. Words of
 * the old description do not go into the new one.
 */
import type { Mpp } from '../../core/pyramid.ts';
import type { TiffDirectory } from '../tiff-directory.ts';
import { childrenOf, elementAt, type XmlElement } from '../xml.ts';
import type { Taken } from './search-terms.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>';

/** Every value of a document with the place where it stands: `OME-XML Image.Name`. */
export function valuesOfXml(format: string, root: XmlElement): Taken[] {
  const values: Taken[] = [];
  const visit = ({ name, attributes, children, text }: XmlElement): void => {
    const called = attributes.get('Name');
    // Philips names every entry in an attribute.
    const label = name === 'Attribute' && called ? called : name;
    if (text !== '') values.push({ name: `${format} ${label}`, text });
    for (const [key, value] of attributes)
      if (name !== 'Attribute' && !key.startsWith('xmlns') && key !== 'schemaLocation')
        values.push({ name: `${format} ${label}.${key}`, text: value });
    for (const child of children) visit(child);
  };
  visit(root);
  return values;
}

/** One picture of 8-bit samples in directory 0. `mpp` is null where the old description states no size. */
export function writeOme(
  { widthPx, heightPx, samples }: TiffDirectory,
  mpp: Mpp | null,
  objective: number | null,
): string {
  const scale = mpp ? ` PhysicalSizeX="${mpp.x}" PhysicalSizeY="${mpp.y}"` : '';
  const instrument = objective
    ? `<Instrument ID="Instrument:0"><Objective ID="Objective:0:0" NominalMagnification="${objective}"/></Instrument>`
    : '';
  const settings = objective ? '<InstrumentRef ID="Instrument:0"/><ObjectiveSettings ID="Objective:0:0"/>' : '';
  const pixels = `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="${widthPx}" SizeY="${heightPx}" SizeZ="1" SizeC="${samples}" SizeT="1"${scale}><Channel ID="Channel:0:0" SamplesPerPixel="${samples}"/><TiffData IFD="0" PlaneCount="1"/></Pixels>`;
  return `${declaration}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">${instrument}<Image ID="Image:0">${settings}${pixels}</Image></OME>`;
}

/** What a directory of a QPTIFF is, and its objective. */
export function writeQptiff(type: 'FullResolution' | 'ReducedResolution', objective: number | null): string {
  const lens = objective ? `<Objective>${objective}x</Objective>` : '';
  return `${declaration}<PerkinElmer-QPI-ImageDescription><ImageType>${type}</ImageType>${lens}</PerkinElmer-QPI-ImageDescription>`;
}

const spacingForm = /^[\s\d."eE+-]{1,80}$/;
const philipsNumbers = /^(DICOM_PIXEL_SPACING|PIIM_PIXEL_DATA_REPRESENTATION_(NUMBER|COLUMNS|ROWS|POSITION))$/;

/** The scan with its spacings and those of its levels. */
export function writePhilips(root: XmlElement): string {
  const scans = childrenOf(root, 'Attribute')
    .filter(({ attributes }) => attributes.get('Name') === 'PIM_DP_SCANNED_IMAGES')
    .flatMap((attribute) => objectsOf(attribute))
    .filter((image) => childrenOf(image, 'Attribute').some(({ text }) => text === 'WSI'));
  const scan = scans.map((image) => {
    const levels = childrenOf(image, 'Attribute')
      .filter(({ attributes }) => attributes.get('Name') === 'PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE')
      .flatMap((attribute) => objectsOf(attribute))
      .map((level) => object('PixelDataRepresentation', numbersOf(level)));
    const sequence = levels.length > 0 ? list('PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE', levels.join('')) : '';
    return object('DPScannedImage', `${entry('PIM_DP_IMAGE_TYPE', 'WSI')}${numbersOf(image)}${sequence}`);
  });
  const all = `${entry('DICOM_MANUFACTURER', 'PHILIPS')}${list('PIM_DP_SCANNED_IMAGES', scan.join(''))}`;
  return `${declaration}${object('DPUfsImport', all)}`;
}

function objectsOf(attribute: XmlElement): XmlElement[] {
  const array = elementAt(attribute, 'Array');
  return array ? childrenOf(array, 'DataObject') : [];
}

function numbersOf(holder: XmlElement): string {
  return childrenOf(holder, 'Attribute')
    .map(({ attributes, text }) => ({ name: attributes.get('Name') ?? '', text }))
    .filter(({ name, text }) => philipsNumbers.test(name) && spacingForm.test(text))
    .map(({ name, text }) => entry(name, text.replaceAll('"', '&quot;')))
    .join('');
}

const object = (type: string, inside: string): string => `<DataObject ObjectType="${type}">${inside}</DataObject>`;
const entry = (name: string, value: string): string => `<Attribute Name="${name}" PMSVR="IString">${value}</Attribute>`;
const list = (name: string, inside: string): string =>
  `<Attribute Name="${name}" PMSVR="IDataObjectArray"><Array>${inside}</Array></Attribute>`;

/** A scan of Leica's: where it lies and which directories it has; `ifd` by the old numbers. */
export interface LeicaScan {
  readonly element: XmlElement;
  readonly directories: readonly number[];
}

const leicaNamespace = /^http:\/\/www\.leica-microsystems\.com\/scn\/\d{4}\/\d\d\/\d\d$/;

/** The scans that are no picture of the whole glass. */
export function leicaScans(root: XmlElement): LeicaScan[] {
  const collection = elementAt(root, 'collection');
  if (!collection) return [];
  const side = (element: XmlElement | undefined, name: string): string => element?.attributes.get(name) ?? '';
  const isGlass = (view: XmlElement | undefined): boolean =>
    ['sizeX', 'sizeY'].every((name) => side(view, name) === side(collection, name)) &&
    ['offsetX', 'offsetY'].every((name) => /^0*$/.test(side(view, name)));
  return childrenOf(collection, 'image')
    .filter((image) => !isGlass(elementAt(image, 'view')))
    .filter((image) => (lightOf(image) ?? 'brightfield') === 'brightfield')
    .map((element) => {
      const pixels = elementAt(element, 'pixels');
      const dimensions = pixels ? childrenOf(pixels, 'dimension') : [];
      return { element, directories: dimensions.map(({ attributes }) => Number(attributes.get('ifd'))) };
    });
}

function lightOf(image: XmlElement): string | undefined {
  return elementAt(image, 'scanSettings', 'illuminationSettings', 'illuminationSource')?.text;
}

/** `places` leads from a directory's old number to its new one; `blank` is the picture that stands for the whole glass. */
export function writeLeica(
  root: XmlElement,
  scans: readonly LeicaScan[],
  places: ReadonlyMap<number, number>,
  blank: { readonly widthPx: number; readonly heightPx: number; readonly ifd: number },
): string {
  const namespace = root.attributes.get('xmlns') ?? '';
  const xmlns = leicaNamespace.test(namespace) ? namespace : 'http://www.leica-microsystems.com/scn/2010/10/01';
  const images = scans.map(({ element }) => {
    const pixels = elementAt(element, 'pixels');
    const dimensions = (pixels ? childrenOf(pixels, 'dimension') : []).map((dimension) => {
      const ifd = places.get(Number(dimension.attributes.get('ifd')));
      return `<dimension${wholeNumbers(dimension, ['sizeX', 'sizeY', 'r', 'z', 'c'])} ifd="${ifd}"/>`;
    });
    const lens = decimal(elementAt(element, 'scanSettings', 'objectiveSettings', 'objective'), 'objective');
    const aperture = elementAt(element, 'scanSettings', 'illuminationSettings', 'numericalAperture');
    const light = lightOf(element) ? '<illuminationSource>brightfield</illuminationSource>' : '';
    const settings = `<scanSettings><objectiveSettings>${lens}</objectiveSettings><illuminationSettings>${decimal(aperture, 'numericalAperture')}${light}</illuminationSettings></scanSettings>`;
    const view = wholeNumbers(elementAt(element, 'view'), ['sizeX', 'sizeY', 'offsetX', 'offsetY', 'spacingZ']);
    return `<image><pixels${wholeNumbers(pixels, ['sizeX', 'sizeY', 'sizeZ'])}>${dimensions.join('')}</pixels><view${view}/>${settings}</image>`;
  });
  const glass = wholeNumbers(elementAt(root, 'collection'), ['sizeX', 'sizeY']);
  const size = ` sizeX="${blank.widthPx}" sizeY="${blank.heightPx}"`;
  const macro = `<image><pixels${size}><dimension${size} r="0" z="0" ifd="${blank.ifd}"/></pixels><view${glass} offsetX="0" offsetY="0"/><scanSettings><objectiveSettings><objective>1</objective></objectiveSettings><illuminationSettings><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>`;
  return `${declaration}<scn xmlns="${xmlns}"><collection${glass}>${macro}${images.join('')}</collection></scn>`;
}

function wholeNumbers(element: XmlElement | undefined, names: readonly string[]): string {
  return names
    .map((name) => [name, element?.attributes.get(name) ?? ''] as const)
    .filter(([, value]) => /^-?\d{1,12}$/.test(value))
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
}

function decimal(element: XmlElement | undefined, name: string): string {
  return element && /^\d{1,4}([.,]\d{1,6})?$/.test(element.text) ? `<${name}>${element.text}</${name}>` : '';
}
