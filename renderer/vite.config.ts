/**
 * Builds the windows into dist/renderer: the user's, and the hidden one that trains. Relative addresses, and nothing inline,
 * so that the strict CSP holds.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [svelte()],
  worker: { format: 'es' },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // TensorFlow.js, which only the worker of a training page loads.
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: [`${import.meta.dirname}/index.html`, `${import.meta.dirname}/trainer.html`],
    },
  },
});
