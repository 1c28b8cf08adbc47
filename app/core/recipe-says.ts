/** What a recipe's field means, for the form and the command line. */

/** `unit` where its number has one, `title` where its key says too little. */
export function says(description: string, { unit, title }: { unit?: string; title?: string } = {}) {
  return { description, ...(unit && { unit }), ...(title && { title }) };
}
