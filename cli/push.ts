import type { Command } from 'commander';
import { ask } from './control-client.ts';
import { collectorSocket, dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';

export interface PushOptions {
  readonly push?: boolean;
  readonly dataDir?: string;
  readonly dryRun?: boolean;
}

/** Adds what a verb needs that may hand over what it signed. */
export function pushOptions(verb: Command): Command {
  return dataDirOption(
    verb.option('--push', 'give it to the collector on this machine too, which hands it to every agent'),
  );
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
  const directory = dataDir(io, options.dataDir);
  let agents = 0;
  for (const envelope of envelopes) agents = await handOver(directory, envelope, 'it is written, but ');
  io.err(
    `handed to the collector and ${counted(agents, 'connected agent')}; each verifies it against its own trust policy`,
  );
}

/**
 * @param soFar what is done already, to begin the sentence with when there is no collector
 * @returns how many agents were connected
 */
export async function handOver(directory: string, envelope: Uint8Array, soFar = ''): Promise<number> {
  const call = { method: 'POST', path: '/fingerprints', body: envelope } as const;
  const answer = await ask(collectorSocket(directory), 'collector', call);
  if (answer === undefined)
    throw new CliError(
      exitCodes.network,
      `${soFar}no collector runs with the data directory ${fileName(directory)}`,
      'start whorl up, name its --data-dir, or run this on its machine',
    );
  const agents: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'agents') : 0;
  return typeof agents === 'number' ? agents : 0;
}
