/** Two small pieces that all parts of the report are made of. */
import { escapeMarkup as text } from '../core/escape-markup.ts';

/** A table of names and values; a SHA-256 is set in small type. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => {
    const hash = /^[0-9a-f]{64}$/.test(value) ? ' class="hash"' : '';
    return `<tr><th scope="row">${text(name)}</th><td${hash}>${text(value)}</td></tr>`;
  });
  return `<table class="facts"><tbody>${lines.join('')}</tbody></table>`;
}

/** A class's colour, always beside its name. */
export function swatch(colour: string): string {
  return `<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="${text(colour)}"/></svg>`;
}
