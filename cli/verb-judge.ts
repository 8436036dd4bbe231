import type { Command } from 'commander';
import { inForceOf } from '../agent/in-force.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { about, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type JudgeOptions, judgeRecording } from './judgement.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';
import { sourceOption } from './recording.ts';
import { effectiveFrom, type SiteFiles } from './site-documents.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxEnvelopeBytes = 32 << 20;

interface Options extends JudgeOptions, SiteFiles {
  readonly fingerprint: string;
  readonly trust: string;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('judge')
    .description(
      'judge recorded events by a signed fingerprint; exit 1 on drift, 4 when events were lost or nothing could be judged',
    )
    .argument('<events...>', 'events as JSON lines, gzip accepted, - for stdin')
    .requiredOption('--fingerprint <f.intoto.json>', 'signed fingerprint')
    .requiredOption('--trust <policy.json>', 'trust policy of this site')
    .option(
      '--overlay <o.intoto.json>',
      'what the site bound (whorl bind) or accepted (whorl accept); may be repeated',
      collect,
      [],
    )
    .option(
      '--approval <a.intoto.json>',
      'what the site approved (whorl approve); may be repeated',
      collect,
      [],
    )
    .addOption(sourceOption())
    .option('--json', 'one JSON line per incident, then a summary line')
    .action((events: string[], options: Options) => judgeEvents(io, events, options));
  examples(verb, [
    [
      'whorl judge --fingerprint cart.intoto.json --trust policy.json night.jsonl',
      'did it do anything new last night?',
    ],
    ['whorl judge --fingerprint cart.intoto.json --trust policy.json --json - < night.jsonl', 'for a script'],
    [
      'whorl judge --fingerprint cart.intoto.json --overlay cart.site.intoto.json --trust policy.json night.jsonl',
      "with the site's own database and volumes",
    ],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function judgeEvents(io: Io, events: readonly string[], options: Options): Promise<void> {
  const policy = await readTrustPolicy(io, options.trust);
  const bytes = await io.readFile(options.fingerprint, { maxBytes: maxEnvelopeBytes });
  const verified = about(
    fileName(options.fingerprint),
    () => verifyFingerprint(bytes, policy, { now: io.now() }),
    exitCodes.trust,
  );
  const effective = await effectiveFrom(io, verified, options, policy);
  await judgeRecording(io, events, verified.fingerprint, inForceOf(verified, effective), options);
}
