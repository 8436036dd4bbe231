import type { Command } from 'commander';
import { readSignedPolicy } from '../fingerprint/policy-chain.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { handOver } from './push.ts';
import { fileName } from './read-file.ts';
import { rootSigners } from './verb-trust-sign.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

interface Options extends WhereOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function registerPush(trust: Command, io: Io): void {
  const push = whereOptions(
    trust
      .command('push')
      .description('give a signed policy to the collector, which hands it to every agent')
      .argument('<p.dsse.json>', 'what whorl trust sign wrote'),
  )
    .option('--dry-run', 'check everything and send nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => pushPolicy(io, path, options));
  examples(push, [
    ['whorl trust push policy.dsse.json', 'agents follow it when their own policy says they may'],
  ]);
}

async function pushPolicy(io: Io, path: string, options: Options): Promise<void> {
  const bytes = await io.readFile(path, { maxBytes });
  const { policy, digest } = about(fileName(path), () => readSigned(bytes, path), exitCodes.trust);
  const threshold = policy.root?.threshold ?? 1;
  const signed = rootSigners(bytes, policy, io.now()).length;
  if (signed < threshold)
    throw new CliError(
      exitCodes.trust,
      `${fileName(path)} holds ${signed} of the ${threshold} root signatures it asks for; no agent would follow it (POLICY_CHAIN)`,
      'add them: whorl trust sign',
    );
  if (options.dryRun === true) return io.err(`would push version ${policy.version} (${digest})`);
  const agents = await handOver(io, options, bytes);
  const why = options.reason === undefined ? {} : { reason: options.reason };
  if (options.json === true) io.out(JSON.stringify({ version: policy.version, digest, agents, ...why }));
  else
    io.out(
      `version ${policy.version} (${digest}) went to ${counted(agents, 'agent')}; each verifies it against its own policy`,
    );
}

/** An unsigned policy is told so, and not that its envelope lacks members. */
function readSigned(bytes: Uint8Array, path: string): ReturnType<typeof readSignedPolicy> {
  if (kindOfEnvelope(bytes) === 'trust-policy') return readSignedPolicy(bytes);
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} is not a signed trust policy`,
    'sign it first: whorl trust sign POLICY --key ROOT.key --out P.dsse.json',
  );
}
