/** Where a phase leaves its best weights, in the folder of its run. */

/** Name of a phase's files: a phase's name comes from a recipe and may hold anything; a file name may not. */
export function phaseFileName(index: number, name: string): string {
  return `${index}-${name.replace(/[^\w-]/g, '_')}`;
}

/** The weights that a phase ended with, kept or undone, below the run's folder. */
export function rungFile(fileName: string): string {
  return `rungs/${fileName}.ckpt`;
}

/** The rung as a finished model, below the run's folder. */
export function rungFolder(id: string): string {
  return `rungs/${id}`;
}
