/** Regions that a person or a model drew, the classes they carry, and changes to them. */
import type { MultiPolygon } from './geometry.ts';

/** What a class does in training: `ignore` regions give no patch at all. */
export type ClassRole = 'class' | 'ignore';

/** A class is told apart by name, letter and pattern as well as by colour. */
export interface RegionClass {
  readonly id: string;
  readonly name: string;
  readonly role: ClassRole;
  /** `#rrggbb`, from `classPalette` unless the user chose another. */
  readonly colour: string;
  readonly pattern: ClassPattern;
  /** One letter drawn in the region's label. */
  readonly letter: string;
  /** Number key 1-9, or null. */
  readonly key: number | null;
}

export type ClassPattern =
  | 'solid'
  | 'diagonal'
  | 'dots'
  | 'cross'
  | 'horizontal'
  | 'vertical'
  | 'back-diagonal'
  | 'grid';

/** Okabe and Ito's eight colours (2008), told apart by colour-blind eyes; each has its pattern. */
export const classPalette: readonly { colour: string; pattern: ClassPattern }[] = [
  { colour: '#0072b2', pattern: 'solid' },
  { colour: '#e69f00', pattern: 'diagonal' },
  { colour: '#009e73', pattern: 'dots' },
  { colour: '#cc79a7', pattern: 'cross' },
  { colour: '#56b4e9', pattern: 'horizontal' },
  { colour: '#d55e00', pattern: 'vertical' },
  { colour: '#f0e442', pattern: 'back-diagonal' },
  { colour: '#7f7f7f', pattern: 'grid' },
];

export interface Annotation {
  readonly id: string;
  readonly slideId: string;
  /** Null: drawn but not classified yet; gives no patch. */
  readonly classId: string | null;
  /** Level-0 px, stored as int32 in 1/64 px. */
  readonly geometry: MultiPolygon;
  /** A person's name, or `model:<id>`. */
  readonly author: string;
  /** Grows by one at each change; a write with an older revision is refused. */
  readonly revision: number;
  /** ISO 8601 with offset. */
  readonly changedAt: string;
}

/** What the viewer sends and the store applies in one transaction; undo is the inverse change set. */
export interface AnnotationEdit {
  readonly id: string;
  readonly classId: string | null;
  readonly geometry: MultiPolygon;
}

export interface ChangeSet {
  readonly created: readonly AnnotationEdit[];
  readonly updated: readonly { readonly before: AnnotationEdit; readonly after: AnnotationEdit }[];
  readonly deleted: readonly AnnotationEdit[];
}

/** The change set that takes `change` back. */
export function inverse(change: ChangeSet): ChangeSet {
  return {
    created: change.deleted,
    updated: change.updated.map(({ before, after }) => ({ before: after, after: before })),
    deleted: change.created,
  };
}
