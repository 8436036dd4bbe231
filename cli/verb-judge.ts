import type { Command } from 'commander';
import type { InForce } from '../agent/core/watched.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { about, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type JudgeOptions, judgeRecording } from './judgement.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';
import { sourceHelp } from './recording.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxEnvelopeBytes = 32 << 20;

interface Options extends JudgeOptions {
  readonly fingerprint: string;
  readonly trust: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('judge')
    .description('judge recorded events by a signed fingerprint; exit 1 on drift, 4 when events were lost')
    .argument('<events...>', 'events as JSON lines, gzip accepted, - for stdin')
    .requiredOption('--fingerprint <f.intoto.json>', 'signed fingerprint')
    .requiredOption('--trust <policy.json>', 'trust policy of this site')
    .option('--source <name>', sourceHelp, 'events')
    .option('--json', 'one JSON line per incident, then a summary line')
    .action((events: string[], options: Options) => judgeEvents(io, events, options));
  examples(verb, [
    [
      'whorl judge --fingerprint cart.intoto.json --trust policy.json night.jsonl',
      'did it do anything new last night?',
    ],
    ['whorl judge --fingerprint cart.intoto.json --trust policy.json --json - < night.jsonl', 'for a script'],
  ]);
}

async function judgeEvents(io: Io, events: readonly string[], options: Options): Promise<void> {
  const policy = await readTrustPolicy(io, options.trust);
  const bytes = await io.readFile(options.fingerprint, { maxBytes: maxEnvelopeBytes });
  const verified = about(
    fileName(options.fingerprint),
    () => verifyFingerprint(bytes, policy, { now: io.now() }),
    exitCodes.trust,
  );
  for (const warning of verified.warnings) io.err(`warning: ${warning.message} (${warning.code})`);
  await judgeRecording(io, events, verified.fingerprint.subject, inForceOf(verified), options);
}

function inForceOf(verified: VerifiedFingerprint): InForce {
  return {
    index: indexBehaviour(verified.fingerprint),
    approval: {
      fingerprint: verified.digest,
      version: verified.fingerprint.version,
      signedBy: verified.signers.map((s) => s.owner).join(' and '),
      maxMode: verified.maxMode,
    },
  };
}
