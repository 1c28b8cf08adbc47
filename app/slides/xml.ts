/**
 * The XML that slide formats keep in their descriptions, as a tree of bounded size. It comes from strangers: document types and
 * entities are refused before the parser sees a byte, and depth and number of parts are counted while it reads.
 */
import sax from 'sax';
import { badStructure } from './slide-errors.ts';

export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

export const xmlLimits = { characters: 64 * 2 ** 20, depth: 64, parts: 500_000 } as const;

interface Growing extends XmlElement {
  readonly children: Growing[];
  text: string;
}

/** Small enough that a refusal comes early. */
const chunkCharacters = 65_536;

/** Whether a description is XML at all; cheap. */
export function looksLikeXml(text: string): boolean {
  return /^\uFEFF?\s*</.test(text.slice(0, 64));
}

/** Parses a document; throws `slide/structure` where it is not well-formed, too deep, too large, or brings a document type. */
export function parseXml(text: string): XmlElement {
  const bad = (what: string, fields: Record<string, string | number> = {}): Error =>
    badStructure(`the XML of its description ${what}`, fields);
  if (text.length > xmlLimits.characters)
    throw bad('is too long', { characters: text.length, limit: xmlLimits.characters });
  const declaration = /<!(DOCTYPE|ENTITY)/i.exec(text)?.[1];
  if (declaration) throw bad(`declares a ${declaration.toUpperCase()}`, { declaration: declaration.toUpperCase() });

  let root: XmlElement | null = null;
  let parts = 0;
  const open: Growing[] = [];
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions);
  parser.onerror = (error) => {
    throw bad('is not well-formed', { reason: error.message.split('\n')[0]! });
  };
  parser.ondoctype = () => {
    throw bad('declares a DOCTYPE', { declaration: 'DOCTYPE' });
  };
  const count = (): void => {
    if (++parts > xmlLimits.parts) throw bad('has too many parts', { limit: xmlLimits.parts });
  };
  parser.onattribute = count;
  parser.onopentag = (tag) => {
    count();
    if (root) throw bad('has two roots');
    if (open.length >= xmlLimits.depth) throw bad('is nested too deeply', { limit: xmlLimits.depth });
    const attributes = new Map(Object.entries(tag.attributes).map(([name, value]) => [localName(name), `${value}`]));
    const element: Growing = { name: localName(tag.name), attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  };
  const addText = (more: string): void => {
    const element = open.at(-1);
    if (element) element.text += more;
  };
  parser.ontext = addText;
  parser.oncdata = addText;
  parser.onclosetag = () => {
    const element = open.pop()!;
    element.text = element.text.trim();
    if (open.length === 0) root = element;
  };
  for (let at = 0; at < text.length; at += chunkCharacters) parser.write(text.slice(at, at + chunkCharacters));
  parser.close();
  if (!root) throw bad('has no element');
  return root;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** Children of this name, in the order of the document. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The first element at the end of a path of names; undefined where there is none. */
export function elementAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}
