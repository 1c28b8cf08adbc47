/** The application menu: the system's own roles. What the app itself can do lives in its window, one way for both hosts. */

import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import { researchUseOnly } from '../../app/core/research-use.ts';

export function installMenu(): void {
  const mac: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'appMenu' }] : [];
  const template: MenuItemConstructorOptions[] = [
    ...mac,
    { role: 'fileMenu' },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as const]),
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ role: 'about' }] },
  ];
  app.setAboutPanelOptions({
    applicationName: 'Eosin',
    applicationVersion: app.getVersion(),
    copyright: researchUseOnly,
  });
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
