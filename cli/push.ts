import type { Command } from 'commander';
import { connectCollector, memberOf } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { dataDir } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';

export interface PushOptions extends WhereOptions {
  readonly push?: boolean;
  readonly dryRun?: boolean;
}

/** Adds what a verb needs that may hand over what it signed. */
export function pushOptions(verb: Command): Command {
  return whereOptions(verb.option('--push', 'give it to the collector too, which hands it to every agent'));
}

/**
 * Hands over what was signed and written, when that was asked for: what it is about first. What is in force is for each agent to say: it verifies it itself.
 * @throws CliError when there is no collector, or it refuses
 */
export async function pushSigned(
  io: Io,
  options: PushOptions,
  ...envelopes: readonly Uint8Array[]
): Promise<void> {
  if (options.push !== true || options.dryRun === true) return;
  let agents = 0;
  for (const envelope of envelopes) agents = await handOver(io, options, envelope, 'it is written, but ');
  io.err(
    `handed to the collector and ${counted(agents, 'connected agent')}; each verifies it against its own trust policy`,
  );
}

/**
 * @param soFar what is done already, to begin the sentence with when there is no collector
 * @returns how many agents were connected
 */
export async function handOver(
  io: Io,
  options: WhereOptions,
  envelope: Uint8Array,
  soFar = '',
): Promise<number> {
  const collector = await connectCollector(io, options);
  if (collector === undefined)
    throw new CliError(
      exitCodes.network,
      `${soFar}no collector runs with the data directory ${fileName(dataDir(io, options.dataDir))}`,
      'start whorl up, name its --data-dir, or whorl login to one elsewhere',
    );
  const agents = memberOf(
    await collector.call({ method: 'POST', path: '/documents', body: envelope }),
    'agents',
  );
  return typeof agents === 'number' ? agents : 0;
}
