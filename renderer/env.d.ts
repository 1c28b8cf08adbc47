/// <reference types="svelte" />
/// <reference types="vite/client" />

interface Window {
  /** What the Electron preload offers: the handle of a file that was dropped on the window. */
  readonly eosin?: { handleOfFile(file: File): Promise<string> };
}
