/** How the open slide is looked at: which focal plane, and its colours as scanned or through its profile. */
import type { ColourMode, FocalPlanes, IccProfile, SlideLook } from '../../app/core/slide.ts';
import { onePlane } from '../../app/core/slide.ts';
import { workspace } from './workspace.svelte.ts';

class SlideLookState {
  /** Stays for slides without a profile, which are shown as scanned. */
  #colour = $state<ColourMode>('stored');
  #plane = $state<{ readonly slideId: string; readonly plane: number } | null>(null);

  get #focalPlanes(): FocalPlanes {
    return workspace.slide?.info.focalPlanes ?? onePlane;
  }

  get planes(): number {
    return this.#focalPlanes.offsetsUm.length;
  }

  /** Every slide begins at its own default plane. */
  get plane(): number {
    const { shown } = this.#focalPlanes;
    return this.#plane?.slideId === workspace.slide?.id ? (this.#plane?.plane ?? shown) : shown;
  }

  set plane(plane: number) {
    if (workspace.slide && plane >= 0 && plane < this.planes) this.#plane = { slideId: workspace.slide.id, plane };
  }

  /** Where the plane stands in the stack, 0 at the bottom: files list planes in any order. */
  get position(): number {
    return this.#upwards.indexOf(this.plane);
  }

  set position(position: number) {
    const plane = this.#upwards[position];
    if (plane !== undefined) this.plane = plane;
  }

  /** Of the plane that is cut and predicted. */
  get defaultPosition(): number {
    return this.#upwards.indexOf(this.#focalPlanes.shown);
  }

  get #upwards(): number[] {
    const { offsetsUm } = this.#focalPlanes;
    return [...offsetsUm.keys()].sort((a, b) => (offsetsUm[a] ?? 0) - (offsetsUm[b] ?? 0));
  }

  /** Height of the plane in µm; null where the file does not say. */
  get heightUm(): number | null {
    return this.#focalPlanes.offsetsUm[this.plane] ?? null;
  }

  get profile(): IccProfile | null {
    return workspace.slide?.info.icc ?? null;
  }

  get colour(): ColourMode {
    return this.profile ? this.#colour : 'stored';
  }

  /** What tiles are asked for; defaults are left out, so that they share one address with everybody. */
  get wanted(): SlideLook {
    return {
      ...(this.plane === this.#focalPlanes.shown ? {} : { focalPlane: this.plane }),
      ...(this.colour === 'stored' ? {} : { colour: this.colour }),
    };
  }

  /** False where the slide has one plane: the key then goes on to whoever else wants it. */
  step(by: number): boolean {
    if (this.planes < 2) return false;
    this.position += by;
    return true;
  }

  /** False where the slide has no profile. */
  changeColour(): boolean {
    if (!this.profile) return false;
    this.#colour = this.#colour === 'stored' ? 'srgb' : 'stored';
    return true;
  }
}

export const slideLook = new SlideLookState();
