import type { Command } from 'commander';
import { choice } from './choice.ts';
import { whereOptions } from './collector-place.ts';
import { changing } from './help.ts';

/** The options of every verb that has a copy stopped. */
export function stopOptions(command: Command): Command {
  return whereOptions(
    changing(
      command
        .argument('<id...>', 'incidents, by the beginning of their ids: all copies of each that run')
        .addOption(
          choice(
            '--force <word>',
            'go past a brake by its name: budget or last-copy; may be repeated. No agent kills more than 3 times for a workload in ten minutes',
            ['budget', 'last-copy'],
          ).argParser((word: string, before: string[] = []) => [...before, word]),
        )
        .option('--yes', 'do not ask')
        .option('--no-wait', 'do not wait for what the agents answer')
        .option('--json', 'one JSON object'),
      'show on which copies, and which brakes stand in the way; order nothing',
    ),
  );
}
