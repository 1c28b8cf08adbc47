/** The system's file dialogs. Their paths go to the app in this process; a page only ever sees handles. */

import { dialog, type FileFilter } from 'electron';
import { pictureEndings, slideEndings } from '../../app/core/slide-endings.ts';
import type { ChoosePurpose, HostDialogs } from '../../app/host.ts';

interface Question {
  readonly title: string;
  readonly properties: ('openFile' | 'openDirectory' | 'multiSelections' | 'createDirectory')[];
  readonly filters?: FileFilter[];
}

const questions: Readonly<Record<ChoosePurpose, Question>> = {
  slides: {
    title: 'Add slides',
    properties: ['openFile', 'multiSelections'],
    filters: [
      { name: 'Slides', extensions: [...slideEndings, ...pictureEndings] },
      { name: 'All files', extensions: ['*'] },
    ],
  },
  project: { title: 'Open project', properties: ['openDirectory'] },
  folder: { title: 'Choose a folder', properties: ['openDirectory', 'createDirectory'] },
  annotations: {
    title: 'Import annotations',
    properties: ['openFile'],
    filters: [
      { name: 'Annotations', extensions: ['geojson', 'json'] },
      { name: 'All files', extensions: ['*'] },
    ],
  },
};

export const electronDialogs: HostDialogs = {
  async choose(purpose) {
    const { title, properties, filters } = questions[purpose];
    const answer = await dialog.showOpenDialog({ title, properties, ...(filters ? { filters } : {}) });
    return answer.canceled ? [] : answer.filePaths;
  },
};
