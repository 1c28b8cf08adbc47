/**
 * The preload script: one function. Only it can see the path of a file that was dropped on the window; it hands the path
 * to the app and gives the page a handle. Sandboxed, so CommonJS and nothing but `electron`.
 */
{
  const { contextBridge, webUtils } = require('electron') as typeof import('electron');
  const flag = '--eosin-preload=';
  const secret = process.argv.find((word) => word.startsWith(flag))?.slice(flag.length) ?? '';

  contextBridge.exposeInMainWorld('eosin', {
    /** The handle of a dropped file or folder; rejects for what has no path (text, a picture out of a page). */
    async handleOfFile(file: File): Promise<string> {
      const response = await fetch('/api/places/grant', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-eosin-preload': secret },
        body: JSON.stringify({ dropped: webUtils.getPathForFile(file) }),
      });
      if (!response.ok) throw new Error('This file cannot be opened.');
      const { handle } = (await response.json()) as { handle: string };
      return handle;
    },
  });
}
