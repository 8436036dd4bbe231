import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { PublicKey } from '../fingerprint/keys.ts';
import {
  learnerTrustPolicy,
  newTrustPolicy,
  type TrustPolicy,
  trustPolicyDocument,
} from '../fingerprint/trust-policy.ts';
import { type Mode, modes } from '../fingerprint/verdict.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { issuingMoment } from './moment.ts';
import { readTrustPolicy } from './policy-file.ts';
import { policySentences } from './policy-text.ts';
import { fileName } from './read-file.ts';

interface InitOptions {
  readonly signer?: string;
  readonly image?: string;
  readonly maxMode: Mode;
  readonly owner?: string;
  readonly commandKey?: string;
  readonly learner?: string;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const trust = program.command('trust').description('whom this machine believes, and for which images');
  const init = trust
    .command('init')
    .description('write the first trust policy: one signer for one pattern of images')
    .option('--signer <name.pub>', 'public key of the signer; needed unless a learner is named')
    .option('--image <pattern>', 'image repository, a prefix ending in /**, or ** for everything')
    .addOption(
      new Option('--max-mode <mode>', 'the most that may be done on this signature')
        .choices([...modes])
        .default('alert'),
    )
    .option('--owner <text>', 'who holds the key (default: the name of its file)')
    .option('--command-key <name.pub>', 'whose orders agents obey')
    .option('--learner <name.pub>', 'the collector that may sign what it learned here; that alerts at most')
    .requiredOption('--out <policy.json>', 'the file to write')
    .option('--dry-run', 'print the policy and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((options: InitOptions) => initPolicy(io, options));
  const show = trust
    .command('show')
    .description('say in sentences what a trust policy means')
    .argument('<policy.json>')
    .option('--json', 'one JSON object')
    .action((path: string, options: { json?: boolean }) => showPolicy(io, path, options.json === true));
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
      'whorl trust init --learner /var/lib/whorl/collector/learner.pub --out policy.json',
      'nothing but what my collector learned, which alerts at most',
    ],
  ]);
  examples(trust, [
    ['whorl trust init --signer vendor.pub --image shop --out policy.json', 'begin'],
    ['whorl trust show policy.json', 'who may sign what'],
  ]);
  examples(show, [['whorl trust show policy.json', 'who may sign what']]);
}

async function initPolicy(io: Io, options: InitOptions): Promise<void> {
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

async function newPolicy(io: Io, options: InitOptions): Promise<TrustPolicy> {
  const keyAt = async <K extends string>(name: K, path: string | undefined) =>
    path === undefined ? {} : ({ [name]: await readPublicKey(io, path) } as { [P in K]: PublicKey });
  const { signer: signerFile, image, owner, maxMode } = options;
  const site = {
    ...(await keyAt('commandKey', options.commandKey)),
    issuedAt: issuingMoment(io),
  };
  if (signerFile === undefined && image === undefined && options.learner !== undefined)
    return learnerTrustPolicy({ ...site, learnerKey: await readPublicKey(io, options.learner) });
  if (signerFile === undefined) throw missing('--signer <name.pub>');
  if (image === undefined) throw missing('--image <pattern>');
  const rule = { signer: await readPublicKey(io, signerFile), image, maxMode };
  const learner = await keyAt('learnerKey', options.learner);
  return about(
    'the new policy',
    () => newTrustPolicy({ ...site, ...learner, ...rule, owner: owner ?? basename(signerFile, '.pub') }),
    exitCodes.usage,
  );
}

function missing(option: string): CliError {
  return new CliError(
    exitCodes.usage,
    `required option '${option}' not specified`,
    'or name a --learner alone, for a machine that only learns',
  );
}

async function showPolicy(io: Io, path: string, json: boolean): Promise<void> {
  const policy = await readTrustPolicy(io, path);
  if (json) io.out(JSON.stringify(trustPolicyDocument(policy)));
  else for (const sentence of policySentences(policy)) io.out(sentence);
}
