/** No engine learns anything before its gradients were compared with the reference's. */
import { EosinError } from '../core/errors.ts';
import type { Engine, TestedEngine } from './engine.ts';
import { selfTest } from './self-test.ts';

/** Runs the self-test; an engine that fails it is closed. @throws EosinError `engine/self-test` */
export async function testedEngine(engine: Engine): Promise<TestedEngine> {
  const result = await selfTest(engine);
  if (result.passed) return { ...engine, gradientError: result.gradientError };
  await engine.close();
  throw new EosinError(
    'engine/self-test',
    'config',
    `The engine '${engine.id}' failed its self-test: ${result.reason}.`,
    {
      remedy: "Choose another engine; 'eosin doctor' shows which ones pass.",
      fields: { engine: engine.id, gradientError: result.gradientError, worst: result.worst },
    },
  );
}
