/**
 * A recipe as a list of fields, read from its schema: what the form draws and the command line explains.
 *
 *     recipeFields(draft) -> backbone, attach, input.sizePx ... phases.0.epochs, phases.0.schedule (kind decides which follow) ...
 *
 * A draft is a recipe that is being edited: plain data that may be wrong or have gaps.
 */
import { z } from 'zod';
import { recipeSchema } from './recipe.ts';

export interface RecipeDraft {
  [key: string]: unknown;
}

export interface RecipeField {
  /** Keys and places: ['phases', '0', 'epochs']. */
  readonly path: readonly string[];
  readonly label: string;
  readonly description: string;
  readonly unit: string | null;
  /** `part`: a group of fields that is on or off. `word`: a whole number or one of `choices`. */
  readonly kind: 'number' | 'integer' | 'integers' | 'text' | 'flag' | 'choice' | 'word' | 'part';
  readonly choices: readonly string[];
  /** As it stands in the draft, or its default. */
  readonly value: unknown;
  /** Undefined where the recipe has to say it. */
  readonly fallback: unknown;
  /** What switches it off: null, or leaving it out (undefined); `none` where it is always on. */
  readonly off: null | undefined | 'none';
}

/** The part of JSON Schema that a recipe needs. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly title?: string;
  readonly description?: string;
  readonly unit?: string;
}

export const recipeJsonSchema = z.toJSONSchema(recipeSchema, { io: 'input' }) as JsonSchema;

/** The form's pages; each top-level key but name and description stands in one of them. */
export const recipePages = [
  { id: 'network', title: 'Network', keys: ['backbone', 'attach', 'input'] },
  { id: 'head', title: 'Head', keys: ['head'] },
  { id: 'phases', title: 'Phases and stopping', keys: ['phases', 'ladder'] },
  { id: 'optimizer', title: 'Optimizer', keys: ['optimizer', 'batchNorm'] },
  { id: 'loss', title: 'Loss', keys: ['loss'] },
  { id: 'variation', title: 'Variation', keys: ['augment', 'views', 'renewViews'] },
  {
    id: 'sampling',
    title: 'Sampling',
    keys: ['sampling', 'batchSize', 'capPerClass', 'patchesPerEpoch', 'seed'],
  },
] as const;

/** What a field that was off begins with, by its key. */
const whenSwitchedOn: Readonly<Record<string, unknown>> = {
  mpp: 0.5,
  clipNorm: 1,
  stop: { patience: 5 },
  ladder: { groups: 5, epochs: 20, learningRate: 1e-4 },
  restarts: { firstEpochs: 10 },
  augment: { kind: 'tissue' },
  renewViews: 5,
  capPerClass: 250,
  patchesPerEpoch: 512,
};

/** Every field that the draft has as it stands, in the schema's order. */
export function recipeFields(draft: RecipeDraft): RecipeField[] {
  return fieldsAt(recipeJsonSchema, [], draft, 'none');
}

/** The draft with another value at `path`; undefined leaves the field out. Another kind takes its own fields with it. */
export function withField(draft: RecipeDraft, path: readonly string[], value: unknown): RecipeDraft {
  return withValue(draft, path, value, path.at(-1) === 'kind' ? recipeKeysAt(path.slice(0, -1), value) : null);
}

/** A copy of `tree` along `path`; of the innermost part only the keys of `kept`, where that says which. */
function withValue(
  tree: RecipeDraft,
  [key = '', ...rest]: readonly string[],
  value: unknown,
  kept: readonly string[] | null,
): RecipeDraft {
  if (rest.length > 0) return copyWith(tree, key, withValue((tree[key] ?? {}) as RecipeDraft, rest, value, kept));
  const fitting = kept && Object.fromEntries(Object.entries(tree).filter(([one]) => kept.includes(one)));
  return copyWith(fitting ?? tree, key, value);
}

/** Lists stay lists. */
function copyWith(tree: RecipeDraft, key: string, value: unknown): RecipeDraft {
  if (Array.isArray(tree)) return (tree as unknown[]).with(Number(key), value) as unknown as RecipeDraft;
  const { [key]: _, ...others } = tree;
  return value === undefined ? others : { ...tree, [key]: value };
}

/** The draft with the field at `path` on, at a value that works, or off. */
export function switched({ path, off }: RecipeField, draft: RecipeDraft, on: boolean): RecipeDraft {
  return withField(draft, path, on ? (whenSwitchedOn[path.at(-1)!] ?? {}) : off);
}

/** What is wrong, by the dotted path of the field; empty for a recipe that can be used. */
export function recipeProblems(draft: RecipeDraft): ReadonlyMap<string, string> {
  const parsed = recipeSchema.safeParse(draft);
  const problems = new Map<string, string>();
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.map(String).join('.');
    if (!problems.has(path)) problems.set(path, problemWords(issue));
  }
  return problems;
}

/** The keys that the schema knows at `path`: all variants together, or of those whose `kind` may be `kind`. */
export function recipeKeysAt(path: readonly string[], kind?: unknown): string[] {
  let schemas = alternatives(recipeJsonSchema);
  for (const key of path) {
    schemas = schemas
      .map((schema) => schema.properties?.[key] ?? schema.items)
      .filter((schema) => schema !== undefined)
      .flatMap(alternatives);
  }
  const fits = ({ properties }: JsonSchema): boolean => {
    const own = properties?.kind?.const;
    return kind === undefined || own === undefined || own === kind;
  };
  return [...new Set(schemas.filter(fits).flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

/** Where two recipes differ: the fields of either, as text. Name and description are not compared. */
export function recipeDifferences(recipes: readonly RecipeDraft[]): { path: string; values: (string | null)[] }[] {
  const all = recipes.map(
    (recipe) => new Map(recipeFields(recipe).map((field) => [field.path.join('.'), valueWords(field)])),
  );
  const paths = new Set(all.flatMap((one) => [...one.keys()]));
  return [...paths]
    .filter((path) => path !== 'name' && path !== 'description')
    .map((path) => ({ path, values: all.map((one) => one.get(path) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** A field's value with its unit: '20 epochs', 'off', '1024, 512 units'. */
export function valueWords({ kind, value, unit }: Pick<RecipeField, 'kind' | 'value' | 'unit'>): string {
  if (kind === 'part') return isOff(value) ? 'off' : 'on';
  if (isOff(value)) return 'off';
  if (kind === 'flag') return value === true ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `${value.join(', ')}${unit ? ` ${unit}` : ''}`;
  return `${String(value)}${unit && typeof value === 'number' ? ` ${unit}` : ''}`;
}

const isOff = (value: unknown): boolean => value === null || value === undefined;

function fieldsAt(schema: JsonSchema, path: readonly string[], value: unknown, off: RecipeField['off']): RecipeField[] {
  const now = value === undefined ? schema.default : value;
  const inner = plain(schema);
  const switches = schema.anyOf?.some(({ type }) => type === 'null') ? null : off;
  const compound = inner.properties !== undefined || inner.oneOf !== undefined;
  if (!compound) {
    if (inner.items?.properties === undefined) return [leaf(schema, inner, path, now, switches)];
    const elements = Array.isArray(now) ? (now as unknown[]) : [];
    return elements.flatMap((element, i) => fieldsAt(inner.items!, [...path, String(i)], element, 'none'));
  }
  const part = switches === 'none' ? [] : [leaf(schema, inner, path, now, switches, 'part')];
  if (switches !== 'none' && isOff(now)) return part;
  const tree = (typeof now === 'object' && now !== null ? now : {}) as RecipeDraft;
  return [...part, ...(inner.oneOf ? variantFields(inner.oneOf, path, tree) : partFields(inner, path, tree))];
}

function partFields({ properties = {}, required = [] }: JsonSchema, path: readonly string[], tree: RecipeDraft) {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const optional = !required.includes(key) && schema.default === undefined;
    return fieldsAt(schema, [...path, key], tree[key], optional ? undefined : 'none');
  });
}

/** The kind as a choice, then what that kind has. */
function variantFields(variants: readonly JsonSchema[], path: readonly string[], tree: RecipeDraft): RecipeField[] {
  const kinds = variants.map(({ properties }) => properties!.kind!);
  const otherwise = kinds.find((kind) => kind.default !== undefined)?.const;
  const chosen = Math.max(
    0,
    kinds.findIndex((kind) => kind.const === (tree.kind ?? otherwise)),
  );
  const { kind: _, ...rest } = variants[chosen]!.properties!;
  const choices = kinds.map((kind) => String(kind.const));
  const kind = kinds[chosen]!;
  return [
    { ...leaf(kind, kind, [...path, 'kind'], tree.kind ?? otherwise, 'none', 'choice'), choices },
    ...partFields({ ...variants[chosen]!, properties: rest }, path, tree),
  ];
}

function leaf(
  schema: JsonSchema,
  inner: JsonSchema,
  path: readonly string[],
  value: unknown,
  off: RecipeField['off'],
  kind = kindOf(inner),
): RecipeField {
  return {
    path,
    label: schema.title ?? labelOf(path.at(-1)!),
    description: schema.description ?? '',
    unit: schema.unit ?? null,
    kind,
    choices: choicesOf(inner),
    value,
    fallback: schema.default,
    off,
  };
}

function kindOf({ type, enum: words, const: only, anyOf, items }: JsonSchema): RecipeField['kind'] {
  if (words !== undefined || only !== undefined) return 'choice';
  if (items !== undefined) return 'integers';
  if (anyOf !== undefined) return 'word';
  if (type === 'integer' || type === 'number') return type;
  return type === 'boolean' ? 'flag' : 'text';
}

function choicesOf({ enum: words, const: only, anyOf = [] }: JsonSchema): readonly string[] {
  if (words) return words;
  return [only, ...anyOf.map((one) => one.const)].filter((one) => one !== undefined).map(String);
}

/** Without the null that switches it off. */
function plain(schema: JsonSchema): JsonSchema {
  const rest = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  return rest.length === 1 ? rest[0]! : schema;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives), ...(schema.oneOf ?? []).flatMap(alternatives)];
}

/** 'learningRate' -> 'Learning rate', 'sizePx' -> 'Size'. */
function labelOf(key: string): string {
  const words = key.replace(/Px$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function problemWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'This has to be filled in.';
      return issue.inclusive ? `At least ${issue.minimum}.` : `More than ${issue.minimum}.`;
    case 'too_big':
      return issue.inclusive ? `At most ${issue.maximum}.` : `Less than ${issue.maximum}.`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'A whole number.' : issue.expected === 'number' ? 'A number.' : issue.message;
    case 'invalid_union':
      return 'A whole number from 0, or all.';
    default:
      return `${issue.message.charAt(0).toUpperCase()}${issue.message.slice(1)}.`;
  }
}
