/** Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet. */
import { EosinError } from '../core/errors.ts';

/**
 * Rows of fields. Takes CRLF, LF and CR, a byte order mark, and `;` or tab where the first line has no comma (German and
 * French spreadsheets); blank lines are left out. Throws `csv/open-quote` when a quoted field does not end.
 */
export function parseCsv(text: string): string[][] {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const separator = separatorOf(source);
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < source.length) {
    const [field, end] =
      source[at] === '"' ? quotedField(source, at, rows.length + 1) : plainField(source, at, separator);
    row.push(field);
    at = end;
    if (source[at] === separator) {
      at++;
      if (at === source.length) row.push('');
      if (at < source.length) continue;
    }
    if (source[at] === '\r' && source[at + 1] === '\n') at++;
    at++;
    if (row.length > 1 || row[0] !== '') rows.push(row.map(withoutGuard));
    row = [];
  }
  return rows;
}

/** CRLF lines; fields that a spreadsheet would run as a formula get an apostrophe in front, which `parseCsv` takes away again. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(formatField).join(',')}\r\n`).join('');
}

const formula = /^'*[=+\-@\t\r]/;

function formatField(value: string): string {
  const guarded = formula.test(value) ? `'${value}` : value;
  return /[",;\r\n\t]|^\s|\s$/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function withoutGuard(value: string): string {
  return value.startsWith("'") && formula.test(value) ? value.slice(1) : value;
}

function separatorOf(source: string): string {
  const line = /^[^\r\n]*/.exec(source)![0].replace(/"[^"]*"/g, '');
  if (line.includes(',')) return ',';
  return [';', '\t'].find((candidate) => line.includes(candidate)) ?? ',';
}

function plainField(source: string, start: number, separator: string): [field: string, end: number] {
  let end = start;
  while (end < source.length && source[end] !== separator && source[end] !== '\n' && source[end] !== '\r') end++;
  return [source.slice(start, end), end];
}

function quotedField(source: string, start: number, line: number): [field: string, end: number] {
  let field = '';
  let at = start + 1;
  for (;;) {
    const quote = source.indexOf('"', at);
    if (quote < 0) {
      throw new EosinError('csv/open-quote', 'input', `Line ${line} of the CSV has a quoted field that does not end.`, {
        remedy: 'Close the quote, or save the table again from the spreadsheet.',
        fields: { line },
      });
    }
    field += source.slice(at, quote);
    if (source[quote + 1] !== '"') return [field, quote + 1];
    field += '"';
    at = quote + 2;
  }
}
