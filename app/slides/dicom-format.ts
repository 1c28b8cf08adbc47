/** Words of DICOM (PS3.5, PS3.6 and the whole-slide module of PS3.3 C.8.12): tags as group * 65536 + element, and transfer syntaxes. */

export const dicomTag = {
  mediaStorageClass: 0x0002_0002,
  transferSyntax: 0x0002_0010,
  imageType: 0x0008_0008,
  sopClass: 0x0008_0016,
  sopInstance: 0x0008_0018,
  manufacturer: 0x0008_0070,
  manufacturerModel: 0x0008_1090,
  spacingBetweenSlices: 0x0018_0088,
  softwareVersions: 0x0018_1020,
  series: 0x0020_000e,
  frameOfReference: 0x0020_0052,
  concatenation: 0x0020_9161,
  concatenationFrameOffset: 0x0020_9228,
  dimensionOrganization: 0x0020_9311,
  samples: 0x0028_0002,
  photometric: 0x0028_0004,
  planar: 0x0028_0006,
  frames: 0x0028_0008,
  rows: 0x0028_0010,
  columns: 0x0028_0011,
  pixelSpacing: 0x0028_0030,
  bitsAllocated: 0x0028_0100,
  bitsStored: 0x0028_0101,
  iccProfile: 0x0028_2000,
  pixelMeasures: 0x0028_9110,
  zOffset: 0x0040_074a,
  imagedVolumeWidth: 0x0048_0001,
  imagedVolumeHeight: 0x0048_0002,
  matrixColumns: 0x0048_0006,
  matrixRows: 0x0048_0007,
  matrixOrigin: 0x0048_0008,
  opticalPath: 0x0048_0105,
  opticalPathId: 0x0048_0106,
  objectivePower: 0x0048_0112,
  opticalPathOfFrame: 0x0048_0207,
  planePosition: 0x0048_021a,
  columnPosition: 0x0048_021e,
  rowPosition: 0x0048_021f,
  opticalPaths: 0x0048_0302,
  focalPlanes: 0x0048_0303,
  sharedGroups: 0x5200_9229,
  frameGroups: 0x5200_9230,
  extendedOffsets: 0x7fe0_0001,
  extendedLengths: 0x7fe0_0002,
  pixelData: 0x7fe0_0010,
  item: 0xfffe_e000,
  itemEnd: 0xfffe_e00d,
  sequenceEnd: 0xfffe_e0dd,
} as const;

/** Elements that are sequences; implicit VR does not say so. */
export const sequenceTags: ReadonlySet<number> = new Set([
  dicomTag.pixelMeasures,
  dicomTag.matrixOrigin,
  dicomTag.opticalPath,
  dicomTag.opticalPathOfFrame,
  dicomTag.planePosition,
  dicomTag.sharedGroups,
  dicomTag.frameGroups,
]);

/** The length that stands for `until the delimiter`. */
export const undefinedLength = 0xffff_ffff;

/** Value representations whose length takes four bytes, behind two reserved ones. */
export const longRepresentations: ReadonlySet<string> = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

export const wholeSlideClass = '1.2.840.10008.5.1.4.1.1.77.1.6';

export type FrameCoding = 'none' | 'jpeg' | 'jpeg2000';

/** How frames are stored, by transfer syntax; what is not here is not read. */
export const frameCoding: Readonly<Record<string, FrameCoding>> = {
  '1.2.840.10008.1.2': 'none',
  '1.2.840.10008.1.2.1': 'none',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.90': 'jpeg2000',
  '1.2.840.10008.1.2.4.91': 'jpeg2000',
};

export const implicitSyntax = '1.2.840.10008.1.2';

/** Syntaxes that are named when they are refused; those of the second list cannot even be parsed as little endian. */
export const refusedSyntax: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.57': 'lossless JPEG',
  '1.2.840.10008.1.2.4.70': 'lossless JPEG',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS',
  '1.2.840.10008.1.2.4.201': 'HTJ2K',
  '1.2.840.10008.1.2.4.202': 'HTJ2K',
  '1.2.840.10008.1.2.4.203': 'HTJ2K',
  '1.2.840.10008.1.2.5': 'run lengths',
};

export const unreadableSyntax: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.1.99': 'its data set is deflated',
  '1.2.840.10008.1.2.2': 'its data set is big endian',
};
