import type { Command } from 'commander';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { orderStop, type StopOptions } from './stop-order.ts';
import { stopOptions } from './stop-verb.ts';

export function register(program: Command, io: Io): void {
  const verb = stopOptions(
    program
      .command('freeze')
      .description('have the containers of an incident frozen: they serve nobody until they are resumed'),
  ).action((ids: string[], options: StopOptions) =>
    orderStop(io, { action: 'freeze', ids, confirm: true }, options),
  );
  examples(verb, [
    ['whorl freeze 3f9a --reason "ticket 7"', 'the whole container stands still'],
    ['whorl freeze 3f9a --dry-run', 'on which copies, and what stands in the way'],
  ]);
}
