/** A hidden window that trains on the GPU: no preload, no right beyond those of every page, and never shown. */
import { BrowserWindow } from 'electron';
import type { OpenTrainerWindow } from '../../app/jobs/trainer-pages.ts';
import { siteOrigin } from './scheme.ts';
import { pageRights } from './window.ts';

export const openTrainerWindow: OpenTrainerWindow = (ticket, gone) => {
  const window = new BrowserWindow({
    show: false,
    skipTaskbar: true,
    title: 'Eosin: training',
    webPreferences: { ...pageRights, backgroundThrottling: false },
  });
  window.webContents.on('render-process-gone', () => gone());
  window.once('closed', () => gone());
  window.loadURL(`${siteOrigin}/trainer.html#${ticket}`).catch(() => gone());
  return {
    close() {
      if (!window.isDestroyed()) window.destroy();
    },
  };
};
