/** The classes of a project, in the order of their keys. Each is told apart by name, letter and pattern, not by colour alone. */
import { randomUUID } from 'node:crypto';
import { type ClassPattern, type ClassRole, classPalette, type RegionClass } from '../core/annotation.ts';
import { freeLetter } from '../core/class-letter.ts';
import { EosinError } from '../core/errors.ts';
import type { ProjectDatabase, RecordChange } from '../db/project-database.ts';

export interface ClassStore {
  list(): RegionClass[];
  /** Throws `class/unknown`. */
  get(id: string): RegionClass;
  /** By name, whatever its case. */
  find(name: string): RegionClass | undefined;
  /** Adds a class at the end with the next free colour, letter and key. Throws `class/duplicate`. */
  create(name: string, options?: { role?: ClassRole; colour?: string; user?: string }): RegionClass;
  /** Makes `classes` the whole list, in this order. Throws `class/in-use` when one that regions carry is not in it. */
  save(classes: readonly RegionClass[], user?: string): RegionClass[];
}

/** What a new project starts with; the user renames and adds. */
export const defaultClasses: readonly string[] = ['Tumor', 'Stroma', 'Ignore'];

/** QuPath's way of saying 'leave this out'. */
export function isIgnoreName(name: string): boolean {
  return /^ignore\s*\*?$/i.test(name.trim());
}

interface ClassRow {
  id: string;
  name: string;
  role: ClassRole;
  colour: string;
  pattern: ClassPattern;
  letter: string;
  number: number | null;
}

export function createClassStore(db: ProjectDatabase): ClassStore {
  const { sqlite } = db;
  const select = 'SELECT id, name, role, colour, pattern, letter, number FROM classes';
  const all = sqlite.prepare<[], ClassRow>(`${select} ORDER BY position`);
  const byId = sqlite.prepare<[string], ClassRow>(`${select} WHERE id = ?`);
  const byName = sqlite.prepare<[string], ClassRow>(`${select} WHERE name = ?`);
  const insert = sqlite.prepare(
    'INSERT INTO classes VALUES (@id, @name, @role, @colour, @pattern, @letter, @key, @position)',
  );
  const change = sqlite.prepare(
    `UPDATE classes SET name = @name, role = @role, colour = @colour, pattern = @pattern, letter = @letter, number = @key,
      position = @position WHERE id = @id`,
  );
  const setAside = sqlite.prepare('UPDATE classes SET name = char(10) || id WHERE id = ?');
  const drop = sqlite.prepare<[string]>('DELETE FROM classes WHERE id = ?');
  const uses = sqlite.prepare<[string], number>('SELECT count(*) FROM annotations WHERE class_id = ?').pluck();

  const store: ClassStore = {
    list: () => all.all().map(fromRow),
    get(id) {
      const row = byId.get(id);
      if (!row) throw unknownClass(id);
      return fromRow(row);
    },
    find(name) {
      const row = byName.get(name.trim());
      return row && fromRow(row);
    },
    create(name, options = {}) {
      return db.change((record) => {
        const existing = store.list();
        const made = nextClass(name.trim(), existing, options);
        refuseBadClasses([...existing, made]);
        insert.run({ ...made, position: existing.length });
        record({ action: 'create', entity: 'class', id: made.id, after: made });
        return made;
      }, options.user);
    },
    save(classes, user) {
      refuseBadClasses(classes);
      return db.change((record) => {
        const before = new Map(store.list().map((one) => [one.id, one]));
        const kept = new Set(classes.map((one) => one.id));
        for (const one of before.values()) if (!kept.has(one.id)) remove(one, record);
        // Two classes may swap their names: all step aside before any takes its new one.
        for (const one of classes) if (before.has(one.id)) setAside.run(one.id);
        for (const [position, one] of classes.entries())
          put({ ...one, name: one.name.trim() }, position, before.get(one.id), record);
        return store.list();
      }, user);
    },
  };

  function put(one: RegionClass, position: number, before: RegionClass | undefined, record: RecordChange): void {
    (before ? change : insert).run({ ...one, position });
    const same = before && JSON.stringify(fromRow({ ...one, number: one.key })) === JSON.stringify(before);
    if (!same) record({ action: before ? 'update' : 'create', entity: 'class', id: one.id, before, after: one });
  }

  function remove(one: RegionClass, record: RecordChange): void {
    const regions = uses.get(one.id) ?? 0;
    if (regions > 0) throw classInUse(one.name, regions);
    drop.run(one.id);
    record({ action: 'delete', entity: 'class', id: one.id, before: one });
  }
  return store;
}

/** The class that `name` would become beside `existing`: first free palette entry, letter and number key. */
function nextClass(
  name: string,
  existing: readonly RegionClass[],
  options: { role?: ClassRole; colour?: string },
): RegionClass {
  const role = options.role ?? (isIgnoreName(name) ? 'ignore' : 'class');
  const taken = new Set(existing.map((one) => `${one.colour} ${one.pattern}`));
  const look =
    role === 'ignore' && !taken.has('#7f7f7f grid')
      ? classPalette.at(-1)!
      : (looks().find(({ colour, pattern }) => !taken.has(`${colour} ${pattern}`)) ?? classPalette[0]!);
  const keys = new Set(existing.map((one) => one.key));
  const key = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((number) => !keys.has(number)) ?? null;
  return {
    id: randomUUID(),
    name,
    role,
    colour: options.colour ?? look.colour,
    pattern: look.pattern,
    letter: freeLetter(name, new Set(existing.map(({ letter }) => letter))),
    key,
  };
}

/** The palette, then the palette again with the patterns moved on by one, and so on: 64 looks. */
function looks(): { colour: string; pattern: ClassPattern }[] {
  return classPalette.flatMap((_, turn) =>
    classPalette.map(({ colour }, i) => ({ colour, pattern: classPalette[(i + turn) % classPalette.length]!.pattern })),
  );
}

function refuseBadClasses(classes: readonly RegionClass[]): void {
  const names = new Set<string>();
  const keys = new Set<number>();
  for (const one of classes) {
    const name = one.name.trim();
    const folded = name.toLowerCase();
    if (name === '' || name.length > 200 || /\p{Cc}/u.test(name))
      throw badClass('A class needs a name of at most 200 letters.');
    if (!/^#[0-9a-f]{6}$/i.test(one.colour)) throw badClass(`The colour of ${name} is not of the form #rrggbb.`);
    if (names.has(folded)) throw duplicateClass(name);
    if (one.key !== null && keys.has(one.key)) throw badClass(`Two classes have the key ${one.key}.`);
    names.add(folded);
    if (one.key !== null) keys.add(one.key);
  }
}

function fromRow({ number, ...row }: ClassRow): RegionClass {
  const { id, name, role, colour, pattern, letter } = row;
  return { id, name, role, colour, pattern, letter, key: number };
}

export function unknownClass(id: string): EosinError {
  return new EosinError('class/unknown', 'missing', 'The project has no such class.', {
    remedy: 'Reload the project; the class may have been removed.',
    fields: { id },
  });
}

function duplicateClass(name: string): EosinError {
  return new EosinError('class/duplicate', 'usage', `The project already has a class named ${name}.`, {
    remedy: 'Choose another name.',
    fields: { name },
  });
}

function badClass(message: string): EosinError {
  return new EosinError('class/not-usable', 'usage', message, { remedy: 'Correct it and save again.' });
}

function classInUse(name: string, regions: number): EosinError {
  return new EosinError(
    'class/in-use',
    'conflict',
    `${regions} region${regions === 1 ? '' : 's'} of the class ${name} would lose their class.`,
    {
      remedy: 'Give them another class first, or delete them.',
      fields: { name, regions },
    },
  );
}
