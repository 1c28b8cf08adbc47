/** Every engine of this computer: usable, or why not. */
import type { EngineReport } from '../../app/engine/engine.ts';
import type { EngineSurvey } from '../../app/jobs/survey-engines.ts';
import { call } from './call.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';

export const doctor: Command = {
  name: 'doctor',
  usage: '',
  summary: 'What this computer can train and predict with, and how fast.',
  flags: {},
  async run({ terminal, app }) {
    terminal.note('Trying each engine in a process of its own; this takes some seconds.');
    const survey = await call<EngineSurvey>(await app(), 'GET', '/api/engines');
    terminal.result(survey);
    if (terminal.json) return;
    terminal.say(
      table(['Engine', 'usable', 'device', 'gradient error', 'forward/s', 'train/s'], survey.engines.map(row)),
    );
    for (const { id, usable, reason } of survey.engines) if (!usable) terminal.say(`${id}: ${reason}`);
    terminal.say(`A run would take: ${survey.chosen}`);
  },
};

function row({ id, usable, device, gradientError, forwardPerSecond, trainPerSecond }: EngineReport): string[] {
  const rate = (value: number | null): string => (value === null ? '–' : value.toFixed(1));
  return [
    id,
    usable ? 'yes' : 'no',
    device ?? '–',
    gradientError?.toExponential(1) ?? '–',
    rate(forwardPerSecond),
    rate(trainPerSecond),
  ];
}
