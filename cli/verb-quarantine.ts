import type { Command } from 'commander';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { orderStop, type StopOptions } from './stop-order.ts';
import { stopOptions } from './stop-verb.ts';

export function register(program: Command, io: Io): void {
  const verb = stopOptions(
    program
      .command('quarantine')
      .description('have the copies of an incident cut off from the network, where something can do that'),
  ).action((ids: string[], options: StopOptions) =>
    orderStop(io, { action: 'quarantine', ids, confirm: true }, options),
  );
  examples(verb, [
    ['whorl quarantine 3f9a --reason "ticket 7"', 'nothing goes in or out any more'],
    ['whorl quarantine 3f9a --dry-run', 'on which copies, and what stands in the way'],
  ]);
}
