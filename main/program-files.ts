/** Where the files of the program itself lie, in a checkout (main/*.ts) and compiled (dist/main/*.js, also inside app.asar). */

import { fileURLToPath } from 'node:url';

const unbuilt = import.meta.url.endsWith('.ts');
const programFolder = new URL(unbuilt ? '../' : '../../', import.meta.url);

const inProgram = (relative: string): string => fileURLToPath(new URL(relative, programFolder));

/** The built renderer, made by `npm run build`. */
export const rendererFolder = (): string => inProgram('dist/renderer');

export const packageFile = (): string => inProgram('package.json');

/** A sandboxed preload must be CommonJS, so it is always the compiled one. */
export const preloadFile = (): string => inProgram('dist/main/preload.cjs');

/** Recipes, icons and licences. */
export const resourcesFolder = (): string => inProgram('resources');
