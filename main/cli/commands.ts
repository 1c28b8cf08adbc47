/** All commands, in the order in which --help lists them. */
import { annotationsExport, annotationsImport } from './annotations.ts';
import type { Command } from './command.ts';
import { deidentify } from './deidentify.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { engineInstall, engineRemove } from './engine.ts';
import { evaluateCommand } from './evaluate.ts';
import { features } from './features.ts';
import { info } from './info.ts';
import { modelsList, modelsShow } from './models.ts';
import { modelsFetch, modelsImport, modelsRemove } from './models-import.ts';
import { patches } from './patches.ts';
import { predict } from './predict.ts';
import { projectAdd, projectCreate, projectRelink, projectShow, projectSplit } from './project.ts';
import { recipesList, recipesShow } from './recipes.ts';
import { region } from './region.ts';
import { rungsChoose, rungsCompare, rungsList } from './rungs.ts';
import { serve } from './serve.ts';
import { projectTissue, tissue } from './tissue.ts';
import { train } from './train.ts';
import { trainPatches } from './train-patches.ts';

export const commands: readonly Command[] = [
  demo,
  doctor,
  engineInstall,
  engineRemove,
  info,
  region,
  deidentify,
  tissue,
  patches,
  projectCreate,
  projectAdd,
  projectRelink,
  projectShow,
  projectSplit,
  projectTissue,
  annotationsImport,
  annotationsExport,
  recipesList,
  recipesShow,
  train,
  trainPatches,
  rungsList,
  rungsCompare,
  rungsChoose,
  evaluateCommand,
  predict,
  modelsList,
  modelsShow,
  modelsFetch,
  modelsImport,
  modelsRemove,
  features,
  serve,
];
