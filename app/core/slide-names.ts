/**
 * What of a slide may name a person: pictures and properties that are hidden until somebody asks for them, and stay out of every export.
 */

const number = /^[-+]?[\d.,]{1,20}$/;
const anything = /^/;
/** Of the first lines of an Aperio description: programs, sizes, coding; words one by one, so that no header takes long. */
const aperioWord =
  /^(Aperio|Image|Library|Leica|Biosystems|GT450|AT2|CS2|DX|v[\d.]+|[\dx,[\]()>-]+|(JPEG|J2K|JP2K|LZW|None)(\/(RGB|YCC|YCbCr|YUY2|KDU))?|Q=\d+)$/;
const aperioHeader = {
  test: (value: string) => value.split(/[\s;]+/).every((word) => word === '' || aperioWord.test(word)),
};

/**
 * Properties that tell how a slide was scanned and stored, with the form of their values. All others are taken to be able to hold a
 * name, a number or a day; scanners and their software are named.
 */
const technical: readonly (readonly [name: RegExp, value: Pick<RegExp, 'test'>])[] = [
  [/^aperio\.header$/, aperioHeader],
  [
    /^aperio\.(AppMag|MPP|StripeWidth|Left|Top|LineCameraSkew|LineArea[XY]Offset|Focus Offset|Original(Width|Height|height)|Filtered|Exposure (Time|Scale)|DisplayColor|Gamma)$/,
    number,
  ],
  [/^tiff\.(make|model|software)$/, anything],
  [/^ome\.(Creator|Pixels\.(?!ID$).*)$/, anything],
  [
    /^philips\.(DICOM_(MANUFACTURER|PIXEL_SPACING|BITS_.*|LOSSY_.*|PHOTOMETRIC_.*|SAMPLES_.*|PLANAR_.*|HIGH_BIT|PIXEL_REPRESENTATION|SOFTWARE_VERSIONS|MANUFACTURERS_MODEL_NAME)|PIM_DP_IMAGE_(COLUMNS|ROWS|TYPE)|PIIM_.*)$/,
    anything,
  ],
  [/^leica\.(regions|device-model|device-version|illumination-source|objective|aperture)$/, anything],
  [/^perkinelmer\.(AcquisitionSoftware|InstrumentType|Objective|CameraName|DescriptionVersion)$/, anything],
  [/^hamamatsu\.(SourceLens|[XY]OffsetFromSlideCentre)$/, anything],
  [/^dicom\.(manufacturer|model|software|transferSyntax|photometric|tiling)$/, anything],
  [/^icc\./, anything],
];

/** True for a property that a name may stand in. */
export function mayName(property: string, value: string): boolean {
  return !technical.some(([name, form]) => name.test(property) && form.test(value));
}

/** The properties that name nobody, and how many others there are. */
export function withoutNames(properties: Readonly<Record<string, string>>): {
  readonly properties: Readonly<Record<string, string>>;
  readonly hidden: number;
} {
  const all = Object.entries(properties);
  const shown = all.filter(([name, value]) => !mayName(name, value));
  return { properties: Object.fromEntries(shown), hidden: all.length - shown.length };
}

/** Formats of which a copy without names is made, with the ending of its name; a DICOM slide becomes a folder. */
export const copiedFormats: Readonly<Record<string, string>> = {
  svs: '.svs',
  tiff: '.tif',
  'ome-tiff': '.ome.tif',
  philips: '.tiff',
  scn: '.scn',
  qptiff: '.qptiff',
  dicom: '',
};
