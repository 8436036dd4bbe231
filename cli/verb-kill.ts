import type { Command } from 'commander';
import { choice } from './choice.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { orderStop, type StopOptions } from './stop-order.ts';
import { stopOptions } from './stop-verb.ts';

const actions: Readonly<Record<string, string>> = { subtree: 'kill-subtree', container: 'kill' };

interface Options extends StopOptions {
  readonly scope: string;
}

export function register(program: Command, io: Io): void {
  const verb = stopOptions(
    program.command('kill').description('have the drifting processes of an incident killed, evidence first'),
  )
    .addOption(
      choice('--scope <scope>', 'subtree: the drifting processes; container: the whole copy', [
        'subtree',
        'container',
      ]).default('subtree'),
    )
    .action((ids: string[], options: Options) => kill(io, ids, options));
  examples(verb, [
    ['whorl kill 3f9a --dry-run', 'on which copies, and what stands in the way'],
    ['whorl kill 3f9a --reason "ticket 7"', 'the drifting processes, and what they started'],
    ['whorl kill 3f9a --scope container --force last-copy --reason "ticket 7"', 'all of the last copy'],
  ]);
}

async function kill(io: Io, ids: readonly string[], options: Options): Promise<void> {
  const action = Object.hasOwn(actions, options.scope) ? actions[options.scope] : undefined;
  if (action === undefined) throw new CliError(exitCodes.usage, '--scope must be subtree or container');
  await orderStop(io, { action, ids, confirm: true }, options);
}
