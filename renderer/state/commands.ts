/** Everything that can be done by name or key: the command list, the key sheet and the keyboard read this one table. */
import type { Command } from './command.ts';
import { labelCommands } from './label-commands.ts';
import { lookCommands } from './look-commands.ts';
import { slideCommands } from './slide-commands.ts';
import { windowCommands } from './window-commands.ts';

export const commands: readonly Command[] = [...labelCommands, ...lookCommands, ...slideCommands, ...windowCommands];
