/**
 * The attributes of a whole-slide image that a copy without names keeps, and how. What is not here is left out, private ones always.
 *
 * An allow-list that is stricter than the Basic Application Level Confidentiality Profile of DICOM PS3.15 Annex E; the attributes are
 * those of the whole-slide module (PS3.3 A.32.8) that place, scale and colour pixels.
 */

/**
 * keep       numbers, codes and flags of a closed form      uid        replaced, everywhere by the same new one
 * sequence   its items by the same rules                    empty      there, without a value
 * words      names a product: kept unless it names others   profile    colours without their words
 * path       identifier of an optical path, numbered anew   or a value that takes its place
 */
export type DicomRule =
  | 'keep'
  | 'uid'
  | 'sequence'
  | 'empty'
  | 'words'
  | 'profile'
  | 'path'
  | { readonly instead: string };

interface RuledElement {
  readonly vr: string;
  readonly rule: DicomRule;
}

const ruled = (rule: DicomRule, entries: string): [number, RuledElement][] =>
  entries
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [number = '', vr = ''] = entry.split(':');
      return [Number.parseInt(number, 16), { vr, rule }];
    });

export const dicomRules: ReadonlyMap<number, RuledElement> = new Map([
  ...ruled(
    'keep',
    `00080005:CS 00080008:CS 00080016:UI 00080060:CS 00089007:CS 00089205:CS 00089206:CS 00089207:CS
     00180050:DS 00180088:DS 00189004:CS 00189073:FD
     00200011:IS 00200013:IS 00209157:UL 00209162:US 00209163:US 00209165:AT 00209167:AT 00209228:UL 00209311:CS
     00280002:US 00280003:US 00280004:CS 00280006:US 00280008:IS 00280010:US 00280011:US 00280014:US 00280030:DS
     00280100:US 00280101:US 00280102:US 00280103:US 00280106:US 00280107:US 00281052:DS 00281053:DS 00282002:CS
     00282110:CS 00282112:DS 00282114:CS 00286010:US
     0040072A:DS 0040073A:DS 0040074A:DS
     00480001:FL 00480002:FL 00480003:FL 00480006:UL 00480007:UL 00480011:CS 00480012:CS 00480013:US 00480014:FL 00480015:US
     00480102:DS 00480112:DS 00480113:DS 0048021E:SL 0048021F:SL 00480301:CS 00480302:UL 00480303:UL 20500020:CS
     7FE00001:OV 7FE00002:OV`,
  ),
  ...ruled('uid', '00080018:UI 0020000D:UI 0020000E:UI 00200052:UI 00209161:UI 00209164:UI 00200242:UI 00400554:UI'),
  ...ruled(
    'sequence',
    `00209111:SQ 00209221:SQ 00209222:SQ 00220016:SQ 00289110:SQ 00289145:SQ 00400560:SQ 00400710:SQ 00480008:SQ
     00480100:SQ 00480105:SQ 00480108:SQ 0048021A:SQ 00480207:SQ 52009229:SQ 52009230:SQ`,
  ),
  ...ruled('words', '00080070:LO 00081090:LO 00181020:LO 00080100:SH 00080102:SH 00080104:LO'),
  ...ruled('profile', '00282000:OB'),
  ...ruled('path', '00480106:SH'),
  ...ruled(
    'empty',
    `00080020:DA 00080030:TM 00080050:SH 00080090:PN 00100010:PN 00100020:LO 00100030:DA 00100040:CS 00200010:SH
     00400513:SQ 00400518:SQ 00400555:SQ 00400562:SQ 00400610:SQ`,
  ),
  ...ruled({ instead: 'SLIDE_CORNER' }, '00201040:LO'),
  ...ruled({ instead: '19000101' }, '00080023:DA'),
  ...ruled({ instead: '000000' }, '00080033:TM'),
  ...ruled({ instead: '19000101000000' }, '0008002A:DT'),
  ...ruled({ instead: 'none' }, '00181000:LO 00400512:LO 00400551:LO'),
  ...ruled({ instead: 'NO' }, '00280301:CS 00480010:CS'),
]);

/** Attributes that a copy has whether the source had them or not: what a patient module must have, and what says that names are gone. */
export const alwaysThere: readonly { readonly tag: number; readonly vr: string; readonly value: string }[] = [
  { tag: 0x0008_0020, vr: 'DA', value: '' },
  { tag: 0x0008_0030, vr: 'TM', value: '' },
  { tag: 0x0008_0050, vr: 'SH', value: '' },
  { tag: 0x0008_0090, vr: 'PN', value: '' },
  { tag: 0x0010_0010, vr: 'PN', value: '' },
  { tag: 0x0010_0020, vr: 'LO', value: '' },
  { tag: 0x0010_0030, vr: 'DA', value: '' },
  { tag: 0x0010_0040, vr: 'CS', value: '' },
  { tag: 0x0012_0062, vr: 'CS', value: 'YES' },
  { tag: 0x0012_0063, vr: 'LO', value: 'Eosin, allow-list on PS3.15 Annex E Basic Profile' },
  { tag: 0x0020_0010, vr: 'SH', value: '' },
  { tag: 0x0028_0301, vr: 'CS', value: 'NO' },
  { tag: 0x0028_0303, vr: 'CS', value: 'REMOVED' },
];

/** (0012,0064): the profile as a code, PS3.16 CID 7050. */
export const methodCode = {
  tag: 0x0012_0064,
  items: [
    { tag: 0x0008_0100, vr: 'SH', value: '113100' },
    { tag: 0x0008_0102, vr: 'SH', value: 'DCM' },
    { tag: 0x0008_0104, vr: 'LO', value: 'Basic Application Confidentiality Profile' },
  ],
} as const;

/** A UID of DICOM's own, which stands for a class or a format and for nobody. */
export const standardUid = /^1\.2\.840\.10008\.[0-9.]{1,50}$/;

/** What a kept value may look like; UI are kept only where they name a class of DICOM's own. */
export const closedForms: Readonly<Record<string, RegExp>> = {
  CS: /^[A-Z0-9_ \\]{0,400}$/,
  DS: /^[-+0-9.eE \\]{0,4000}$/,
  IS: /^[-+0-9 \\]{0,400}$/,
  UI: standardUid,
};

/** Types whose values are text. */
export const textTypes: ReadonlySet<string> = new Set('AE AS CS DA DT LO LT PN SH ST TM UC UI UN UR UT'.split(' '));

/** Not worth searching for: times of day and single flags, which stand everywhere, and codes, which name things. */
export const notSearched: ReadonlySet<string> = new Set(['TM', 'CS', 'AS']);
export const codeTags: ReadonlySet<number> = new Set([0x0008_0100, 0x0008_0102, 0x0008_0103, 0x0008_0104]);

const names: Readonly<Record<number, string>> = {
  524306: 'InstanceCreationDate',
  524308: 'InstanceCreatorUID',
  524312: 'SOPInstanceUID',
  524320: 'StudyDate',
  524321: 'SeriesDate',
  524322: 'AcquisitionDate',
  524323: 'ContentDate',
  524330: 'AcquisitionDateTime',
  524368: 'AccessionNumber',
  524416: 'InstitutionName',
  524417: 'InstitutionAddress',
  524432: 'ReferringPhysicianName',
  528400: 'StationName',
  528432: 'StudyDescription',
  528446: 'SeriesDescription',
  528448: 'InstitutionalDepartmentName',
  528464: 'PerformingPhysicianName',
  528496: 'OperatorsName',
  532753: 'DerivationDescription',
  1048592: 'PatientName',
  1048608: 'PatientID',
  1048624: 'PatientBirthDate',
  1048640: 'PatientSex',
  1052688: 'PatientAge',
  1064960: 'PatientComments',
  1576960: 'DeviceSerialNumber',
  2097165: 'StudyInstanceUID',
  2097166: 'SeriesInstanceUID',
  2097168: 'StudyID',
  2097234: 'FrameOfReferenceUID',
  2113536: 'ImageComments',
  2134369: 'ConcatenationUID',
  2134372: 'DimensionOrganizationUID',
  2629632: 'ICCProfile',
  4195602: 'ContainerIdentifier',
  4195665: 'SpecimenIdentifier',
  4195668: 'SpecimenUID',
  4195680: 'SpecimenDescriptionSequence',
  4195840: 'SpecimenShortDescription',
  4195842: 'SpecimenDetailedDescription',
  4195856: 'SpecimenPreparationSequence',
  4718855: 'OpticalPathDescription',
  570425346: 'LabelText',
  570425349: 'BarcodeValue',
};

/** `PatientName`, or `(0009,1001)` where no name is known here. */
export function dicomName(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0').toUpperCase();
  return names[tag] ?? `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
