/** The letter of a class: where a colour stands for it, its letter stands too. */

/** The first letter of `name` that is not taken, then of the alphabet; empty when all are taken. */
export function freeLetter(name: string, taken: ReadonlySet<string>): string {
  const letters = [...name.toUpperCase().replace(/[^\p{L}\p{N}]/gu, ''), ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return letters.find((letter) => !taken.has(letter)) ?? '';
}

/** A letter for each name, in order: the one that a project's class of this name has, or a free one. */
export function classLetters(
  names: readonly string[],
  ofProject: readonly { readonly name: string; readonly letter: string }[] = [],
): string[] {
  const known = new Map(ofProject.map(({ name, letter }) => [name, letter]));
  const taken = new Set(names.flatMap((name) => known.get(name) ?? []));
  return names.map((name) => {
    const letter = known.get(name) ?? freeLetter(name, taken);
    taken.add(letter);
    return letter;
  });
}
