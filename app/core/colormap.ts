/** Colours for numbers and class colours in bytes. */

export type Rgb = readonly [r: number, g: number, b: number];

export function parseHex(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Anchors of viridis (Smith and van der Walt 2015), perceptually even and readable in grey. */
const viridisAnchors: readonly Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Viridis at `t` in 0..1, linear between anchors. */
export function viridis(t: number): Rgb {
  const at = Math.min(1, Math.max(0, t)) * (viridisAnchors.length - 1);
  const low = Math.min(viridisAnchors.length - 2, Math.floor(at));
  const share = at - low;
  const a = viridisAnchors[low]!;
  const b = viridisAnchors[low + 1]!;
  const mix = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * share);
  return [mix(0), mix(1), mix(2)];
}
