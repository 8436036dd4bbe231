import type { Command } from 'commander';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { orderStop, type StopOptions } from './stop-order.ts';
import { stopOptions } from './stop-verb.ts';

export function register(program: Command, io: Io): void {
  const verb = stopOptions(
    program
      .command('hold')
      .description(
        'have the drifting processes of an incident held: the service runs on, until the deadline',
      ),
  ).action((ids: string[], options: StopOptions) =>
    orderStop(io, { action: 'hold', ids, confirm: false }, options),
  );
  examples(verb, [
    ['whorl hold 3f9a --reason "ticket 7"', 'the drifting processes stand still'],
    ['whorl hold 3f9a --dry-run', 'on which copies, and what stands in the way'],
  ]);
}
