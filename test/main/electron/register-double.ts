/** Puts the double in the place of the `electron` module for everything that this process loads from now on. */

import { registerHooks } from 'node:module';

const double = new URL('./electron-double.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    return specifier === 'electron' ? { url: double, shortCircuit: true } : next(specifier, context);
  },
});
