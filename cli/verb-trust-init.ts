import { basename } from 'node:path';
import type { Command } from 'commander';
import type { PublicKey } from '../fingerprint/keys.ts';
import { learnerTrustPolicy, type NewTrustPolicy, newTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { issuingMoment, momentOption } from './moment.ts';
import { policySentences } from './policy-text.ts';
import { fileName } from './read-file.ts';
import {
  countOption,
  maxModeOption,
  repeated,
  ruleParts,
  type SiteOptions,
  siteOptions,
  trustedKeys,
} from './trust-options.ts';

interface Options extends SiteOptions {
  readonly signer?: string;
  readonly image?: string;
  readonly maxMode: Mode;
  readonly owner?: string;
  readonly root: readonly string[];
  readonly rootThreshold?: string;
  readonly commandKey?: string;
  readonly learner?: string;
  readonly expires?: string;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function registerInit(trust: Command, io: Io): void {
  const init = siteOptions(
    trust
      .command('init')
      .description('write the first trust policy: one signer for one pattern of images')
      .option('--signer <name.pub>', 'public key of the signer; needed unless a learner is named')
      .option('--image <pattern>', 'image repository, a prefix ending in /**, or ** for everything')
      .addOption(maxModeOption().default('alert'))
      .option('--owner <text>', 'who holds the key (default: the name of its file)'),
  )
    .option(
      '--root <name.pub>',
      'whose signatures make the next version, so that it may travel; may be repeated',
      repeated,
      [],
    )
    .option('--root-threshold <n>', 'how many different ones it takes (default: 1)')
    .option('--command-key <name.pub>', 'whose orders agents obey')
    .option('--learner <name.pub>', 'the collector that may sign what it learned here; that alerts at most')
    .requiredOption('--out <policy.json>', 'the file to write')
    .option('--expires <time>', 'after it everything under this policy alerts at most')
    .option('--dry-run', 'print the policy and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((options: Options) => initPolicy(io, options));
  examples(init, [
    [
      "whorl trust init --signer vendor.pub --image 'registry.example/shop/**' --out policy.json",
      'alert at most',
    ],
    [
      "whorl trust init --signer me.pub --image '**' --max-mode kill --out policy.json",
      'what I sign may stop processes',
    ],
    [
      "whorl trust init --signer vendor.pub --image 'registry.example/shop/**' --max-mode kill --approver a.pub --approver b.pub --approve-threshold 2 --root r1.pub --root r2.pub --root-threshold 2 --out policy.json",
      'a vendor signs, two of this site approve, two change this policy',
    ],
    [
      'whorl trust init --learner /var/lib/whorl/collector/learner.pub --out policy.json',
      'nothing but what my collector learned, which alerts at most',
    ],
  ]);
}

async function initPolicy(io: Io, options: Options): Promise<void> {
  const policy = await newPolicy(io, options);
  const document = trustPolicyDocument(policy);
  if (options.dryRun === true) return io.out(JSON.stringify(document, null, 2));
  await io.writeFile(options.out, `${JSON.stringify(document, null, 2)}\n`);
  io.err(`wrote ${fileName(options.out)}; it counts only while nobody else can write it`);
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const signers = policy.rules.flatMap((rule) => rule.sign.keys);
  if (options.json === true) io.out(JSON.stringify({ policy: options.out, signers, ...reason }));
  else for (const sentence of policySentences(policy)) io.out(sentence);
}

async function newPolicy(io: Io, options: Options): Promise<TrustPolicy> {
  const { signer, image, owner, maxMode } = options;
  const site = await siteOf(io, options);
  if (signer === undefined && image === undefined && options.learner !== undefined) {
    const learnerKey = await readPublicKey(io, options.learner);
    return whole(options, () => learnerTrustPolicy({ ...site, learnerKey }));
  }
  if (signer === undefined) throw missing('--signer <name.pub>');
  if (image === undefined) throw missing('--image <pattern>');
  const parts = await ruleParts(io, options);
  const rule = { signer: await readPublicKey(io, signer), owner: owner ?? basename(signer, '.pub'), image };
  const learner = await keyAt(io, 'learnerKey', options.learner);
  return whole(options, () => newTrustPolicy({ ...site, ...learner, ...rule, maxMode, ...parts }));
}

/** What is wrong with it is told in the words of a policy that is read. */
function whole({ expires }: Options, make: () => TrustPolicy): TrustPolicy {
  const policy = about('the new policy', make, exitCodes.usage);
  if (expires === undefined) return policy;
  const expiresAt = momentOption('--expires', expires);
  if (expiresAt > policy.issuedAt) return { ...policy, expiresAt };
  throw new CliError(exitCodes.usage, `--expires must be later than now, ${policy.issuedAt}`);
}

async function siteOf(
  io: Io,
  { root, rootThreshold, commandKey }: Options,
): Promise<Pick<NewTrustPolicy, 'commandKey' | 'issuedAt' | 'root'>> {
  const threshold = countOption('--root-threshold', rootThreshold) ?? 1;
  const keys = await trustedKeys(io, root);
  return {
    ...(await keyAt(io, 'commandKey', commandKey)),
    ...(keys.length === 0 ? {} : { root: { keys, threshold } }),
    issuedAt: issuingMoment(io),
  };
}

async function keyAt<K extends string>(
  io: Io,
  name: K,
  path: string | undefined,
): Promise<{ readonly [P in K]?: PublicKey }> {
  return path === undefined ? {} : ({ [name]: await readPublicKey(io, path) } as { [P in K]: PublicKey });
}

function missing(option: string): CliError {
  return new CliError(
    exitCodes.usage,
    `required option '${option}' not specified`,
    'or name a --learner alone, for a machine that only learns',
  );
}
