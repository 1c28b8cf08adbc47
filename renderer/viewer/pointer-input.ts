/** Pointer events over the slide, turned into strokes of the chosen tool; what the tool does not want, OpenSeadragon gets. */
import type { Point } from '../../app/core/geometry.ts';
import { clickPx, type Stroke, type Tool } from './tools/tool.ts';

export interface PointerTarget {
  readonly element: HTMLElement;
  /** True where a press may draw: on the slide, not on the overview. */
  onSlide(target: EventTarget | null): boolean;
  tool(): Tool;
  toSlide(at: Point): Point | null;
  hovered(at: Point | null): void;
  resizeBrush(factor: number): void;
  /** Space is held: every press pans. */
  panning(): boolean;
  brushing(): boolean;
  changed(): void;
}

/** Starts listening; the answer stops it. */
export function listenToPointer(target: PointerTarget): () => void {
  const { element } = target;
  let pressed = false;
  /** A press that was left to the viewer; a click there still reaches the tool. */
  let leftAt: Point | null = null;
  let lastPress = { time: 0, at: [0, 0] as Point };

  const placeOf = (event: PointerEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const strokeOf = (event: PointerEvent, double = false): Stroke | null => {
    const at = target.toSlide(placeOf(event));
    return at && { at, alt: event.altKey, shift: event.shiftKey, double };
  };
  const near = (a: Point, b: Point, px: number): boolean => Math.hypot(a[0] - b[0], a[1] - b[1]) < px;

  const down = (event: PointerEvent): void => {
    if (event.button !== 0 || !target.onSlide(event.target) || target.panning()) return;
    element.focus({ preventScroll: true });
    const place = placeOf(event);
    const double = event.timeStamp - lastPress.time < 350 && near(place, lastPress.at, 6);
    lastPress = { time: double ? 0 : event.timeStamp, at: place };
    const stroke = strokeOf(event, double);
    if (!stroke) return;
    if (target.tool().press(stroke)) {
      pressed = true;
      event.stopPropagation();
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
    } else leftAt = place;
    target.changed();
  };
  const move = (event: PointerEvent): void => {
    const stroke = strokeOf(event);
    if (!stroke) return;
    target.hovered(pressed || target.onSlide(event.target) ? stroke.at : null);
    target.tool().move(stroke, pressed);
    if (pressed) event.stopPropagation();
    target.changed();
  };
  const up = (event: PointerEvent): void => {
    const stroke = strokeOf(event);
    const clicked = leftAt && near(placeOf(event), leftAt, clickPx);
    if (stroke && (pressed || clicked)) target.tool().release(stroke);
    if (pressed) event.stopPropagation();
    pressed = false;
    leftAt = null;
    target.changed();
  };
  const cancel = (): void => {
    if (pressed) target.tool().key('Escape', null);
    pressed = false;
    leftAt = null;
    target.changed();
  };
  const leave = (): void => target.hovered(null);
  const wheel = (event: WheelEvent): void => {
    if (!target.brushing() || !(event.shiftKey || event.altKey)) return;
    event.preventDefault();
    event.stopPropagation();
    target.resizeBrush((event.deltaY || event.deltaX) < 0 ? 1.12 : 1 / 1.12);
  };

  const quiet = new AbortController();
  const capture = { capture: true, signal: quiet.signal };
  element.addEventListener('pointerdown', down, capture);
  element.addEventListener('pointermove', move, capture);
  element.addEventListener('pointerup', up, capture);
  element.addEventListener('pointercancel', cancel, capture);
  element.addEventListener('pointerleave', leave, { signal: quiet.signal });
  element.addEventListener('wheel', wheel, { ...capture, passive: false });
  return () => quiet.abort();
}
