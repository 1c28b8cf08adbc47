/** The error of an engine that cannot be opened on this computer. */
import { EosinError } from '../core/errors.ts';
import type { EngineId } from './engine.ts';

/** @param reason what is missing and what to do about it, without a full stop; the doctor shows it as it is. */
export function notUsable(id: EngineId, reason: string, cause?: unknown): EosinError {
  return new EosinError('engine/not-usable', 'config', `The engine '${id}' cannot be used: ${reason}.`, {
    remedy: "Choose another engine; 'eosin doctor' shows which ones can be used.",
    fields: { engine: id, reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
