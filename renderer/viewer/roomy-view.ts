/** Where the view has to be so that the whole slide shows and nothing of it lies behind the tools, the overview or the scale bar. */
import type { Box } from '../../app/core/geometry.ts';
import type { SlideView } from '../../app/core/project.ts';

/** Side of the overview in the upper right corner, CSS px. */
export const overviewPx = 140;

/** What the tools on the left and the read-outs below take, with the air around them. */
const tools = 60;
const readOuts = 50;
const air = 12;
const overview = overviewPx + 2 * air;
/** What the control of the focus takes on the right, and one more line of read-outs below. */
const focus = 76;
const line = 18;

/** What of a slide decides what stands around it. */
type Shown = Pick<SlideView, 'mppSource'> & {
  readonly info: Pick<SlideView['info'], 'widthPx' | 'heightPx' | 'icc' | 'focalPlanes'>;
};

/**
 * @param width, height of the stage, CSS px
 * @returns the part of the plane that the stage shall show, level-0 px; it reaches over the slide's edges
 */
export function roomyView(
  { info: { widthPx, heightPx, icc, focalPlanes }, mppSource }: Shown,
  width: number,
  height: number,
): Box {
  const hasFocusControl = focalPlanes.offsetsUm.length > 1;
  const notes = (icc === null ? 0 : 1) + (mppSource === 'hand' ? 1 : 0);
  const bottom = readOuts + notes * line;
  const rooms = [
    // Below the overview, or beside it: where the slide is larger.
    { left: tools, top: overview, right: hasFocusControl ? focus + air : air, bottom },
    { left: tools, top: air, right: overview, bottom },
  ].map((room) => {
    const inner = { width: width - room.left - room.right, height: height - room.top - room.bottom };
    return { ...room, inner, scale: Math.min(inner.width / widthPx, inner.height / heightPx) };
  });
  const [below, beside] = rooms;
  const best = below!.scale >= beside!.scale ? below! : beside!;
  if (best.scale <= 0) return { x: 0, y: 0, width: widthPx, height: heightPx };
  const { scale, left, top, inner } = best;
  return {
    x: -(left + (inner.width - widthPx * scale) / 2) / scale,
    y: -(top + (inner.height - heightPx * scale) / 2) / scale,
    width: width / scale,
    height: height / scale,
  };
}
