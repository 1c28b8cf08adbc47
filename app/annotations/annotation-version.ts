/** A state of a region as its audit rows keep it: text that gives back the exact geometry. */
import type { MultiPolygon } from '../core/geometry.ts';
import { decodeGeometry } from './geometry-codec.ts';

/** A state that a region once had. */
export interface AnnotationVersion {
  readonly classId: string | null;
  readonly geometry: MultiPolygon;
  readonly author: string;
  readonly revision: number;
}

export interface StoredVersion {
  readonly slideId: string;
  readonly classId: string | null;
  /** base64 of geometry-codec.ts: exact, and a fifth of GeoJSON. */
  readonly geometry: string;
  readonly author: string;
  readonly revision: number;
}

export function storedVersion(region: Omit<StoredVersion, 'geometry'>, geometry: Buffer): StoredVersion {
  const { slideId, classId, author, revision } = region;
  return { slideId, classId, geometry: geometry.toString('base64'), author, revision };
}

/** Null stays null: before its making and after its deletion a region has no state. */
export function readVersion(json: string | null): AnnotationVersion | null {
  if (json === null) return null;
  const { classId, geometry, author, revision } = JSON.parse(json) as StoredVersion;
  return { classId, geometry: decodeGeometry(Buffer.from(geometry, 'base64')), author, revision };
}
