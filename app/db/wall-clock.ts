/** Times as they are stored. */

/** Local time with its offset, `2026-03-01T09:30:00.123+01:00`: the hour that the user saw, and the instant. */
export function isoWithOffset(at: Date = new Date()): string {
  const minutes = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  const two = (value: number): string => String(Math.trunc(Math.abs(value))).padStart(2, '0');
  return `${local}${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
