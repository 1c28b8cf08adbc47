/** Numbers as people read them, with their units. */

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** 850 µm², 12.4 mm²; three figures at the most. */
export function area(um2: number): string {
  if (um2 >= 10_000) return `${figures(um2 / 1e6)} mm²`;
  return `${figures(um2)} µm²`;
}

export function figures(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** < 1 s, 45 s, 2 min 10 s, 25 min, 1 h 5 min. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1) return '< 1 s';
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (whole < 600) return `${minutes} min ${whole % 60} s`;
  if (whole < 3600) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(size: number): string {
  if (size < 1e6) return `${Math.max(1, Math.round(size / 1e3))} kB`;
  if (size < 1e9) return `${figures(size / 1e6)} MB`;
  return `${figures(size / 1e9)} GB`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share >= 0.1 ? 0 : 1)} %`;
}

export function share(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

export function day(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
