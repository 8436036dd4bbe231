import type { Command } from 'commander';
import { withChangedRule, withRule } from '../fingerprint/policy-change.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustedKey, TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { momentOption } from './moment.ts';
import { type Change, type ChangeOptions, changePolicy, nextOptions } from './policy-next.ts';
import { holders } from './policy-text.ts';
import {
  maxModeOption,
  type RuleOptions,
  repeated,
  ruleParts,
  siteOptions,
  trustedKeys,
} from './trust-options.ts';
import { assertWelcome, type RoleOptions, withRoles } from './trust-roles.ts';

interface Options extends ChangeOptions, RuleOptions, RoleOptions {
  readonly signer: readonly string[];
  readonly image: readonly string[];
  readonly rule?: string;
  readonly name?: string;
  readonly owner?: string;
}

export function registerAdd(trust: Command, io: Io): void {
  const add = siteOptions(
    trust
      .command('add')
      .description('trust somebody more: a rule for other images, a signer of a rule, a key of a role')
      .argument('<policy.json>', 'also a signed one')
      .option('--signer <name.pub>', 'who may sign; may be repeated', repeated, [])
      .option(
        '--image <pattern>',
        'of a new rule: repository, prefix ending in /**, or **; may be repeated',
        repeated,
        [],
      )
      .option('--name <text>', 'what a new rule is called (default: its first pattern)')
      .option('--rule <name>', 'add to this rule instead of making one')
      .option('--threshold <n>', 'how many different signers it takes (default: 1)')
      .addOption(maxModeOption())
      .option(
        '--mirror <mirror=repository>',
        'what runs from MIRROR was signed for REPOSITORY; may be repeated',
        repeated,
        [],
      )
      .option('--max-age-days <n>', 'what was signed longer ago alerts at most')
      .option('--owner <text>', 'who holds the keys (default: the names of their files)'),
  )
    .option('--root <name.pub>', 'whose signatures make the next version; may be repeated', repeated, [])
    .option('--root-threshold <n>', 'how many different ones it takes')
    .option('--command-key <name.pub>', 'whose orders agents obey; may be repeated', repeated, [])
    .option(
      '--learner <name.pub>',
      'a collector that may sign what it learned here; may be repeated',
      repeated,
      [],
    );
  nextOptions(add).action((path: string, options: Options) =>
    changePolicy(io, path, options, (policy) => added(io, policy, options)),
  );
  examples(add, [
    [
      "whorl trust add policy.json --signer acme.pub --image 'acme.example/**' --approver ops.pub --max-mode kill --out policy.json",
      'another vendor, for their images',
    ],
    [
      'whorl trust add policy.json --rule default --signer new.pub --out policy.json',
      'another key for the images of a rule',
    ],
    [
      'whorl trust add policy.json --rule default --mirror mirror.example/shop/cart=registry.example/shop/cart --out policy.json',
      'copies of an image in a repository of this site',
    ],
  ]);
}

async function added(io: Io, policy: TrustPolicy, options: Options): Promise<Change> {
  const signers = await trustedKeys(io, options.signer, options.owner);
  const parts = await ruleParts(io, options);
  assertWelcome(policy, [...signers, ...parts.approvers]);
  const { rule, image } = options;
  if (rule !== undefined && image.length > 0)
    throw new CliError(
      exitCodes.usage,
      'a rule keeps its images: more of them would reach signers who were not meant for them',
      'give --image alone for a new rule, or --rule for keys',
    );
  if (rule !== undefined) return changedRule(policy, rule, signers, parts, options);
  if (image.length > 0)
    return await withRoles(io, newRuleOf(policy, signers, parts, options), policy, options);
  if (signers.length + parts.approvers.length > 0)
    throw new CliError(
      exitCodes.usage,
      'for which images is not said',
      'give --image PATTERN, or --rule NAME',
    );
  const change = await withRoles(io, { changes: {}, said: [] }, policy, options);
  if (change.said.length > 0) return change;
  if (options.expires !== undefined)
    return {
      changes: {},
      said: [`It holds until ${momentOption('--expires', options.expires)}, and says what it said.`],
    };
  throw new CliError(
    exitCodes.usage,
    'nothing is given to add',
    'give --signer and --image, or --rule, or a key of a role: --root, --learner, --command-key; --expires alone renews it',
  );
}

type Parts = Awaited<ReturnType<typeof ruleParts>>;

function newRuleOf(
  policy: TrustPolicy,
  signers: readonly TrustedKey[],
  parts: Parts,
  { image, name, maxMode }: Options,
): Change {
  if (signers.length === 0)
    throw new CliError(exitCodes.usage, 'who may sign for it is not said', 'give --signer NAME.pub');
  const called = name ?? image[0] ?? '';
  if (policy.rules.some((r) => r.name === called))
    throw new CliError(
      exitCodes.usage,
      `there is a rule ${printable(called, 200)} already`,
      'add to it with --rule, or choose another --name',
    );
  const rule = { ...parts, name: called, images: image, signers, maxMode: maxMode ?? 'alert' } as const;
  const { rules, keys, before } = about('--image', () => withRule(policy, rule), exitCodes.usage);
  const who = holders(
    { ...policy, keys },
    signers.map((s) => s.key.keyId),
  );
  const where =
    before === undefined
      ? 'after all others'
      : `before rule ${printable(before, 200)}, which is about more images`;
  const images = image.map((pattern) => printable(pattern, 200)).join(', ');
  const said = `Rule ${printable(called, 200)}: ${who} may sign for ${images} as far as ${rule.maxMode}. It stands ${where}.`;
  return { changes: { rules, keys }, said: [said] };
}

function changedRule(
  policy: TrustPolicy,
  name: string,
  signers: readonly TrustedKey[],
  parts: Parts,
  { maxMode }: Options,
): Change {
  const change = { ...parts, signers, ...(maxMode === undefined ? {} : { maxMode }) };
  const changed = withChangedRule(policy, name, change);
  if (changed === undefined) {
    const names = policy.rules.map((r) => printable(r.name, 80)).join(', ');
    throw new CliError(exitCodes.usage, `there is no rule ${printable(name, 80)}`, `there are: ${names}`);
  }
  const { rules, keys } = changed;
  const known = { ...policy, keys };
  const { approvers, threshold, approveThreshold, mirrors, ceiling, maxAgeDays } = parts;
  const rule = `rule ${printable(name, 200)}`;
  const idsOf = (list: readonly TrustedKey[]): string[] => list.map((s) => s.key.keyId);
  const said = [
    ...(signers.length === 0 ? [] : [`${holders(known, idsOf(signers))} may sign under ${rule} too.`]),
    ...(approvers.length === 0 ? [] : [`${holders(known, idsOf(approvers))} may approve under ${rule} too.`]),
    ...(threshold === undefined ? [] : [`It takes ${threshold} different signers under ${rule}.`]),
    ...(approveThreshold === undefined
      ? []
      : [`It takes ${approveThreshold} different approvers under ${rule}.`]),
    ...(maxMode === undefined ? [] : [`What is signed under ${rule} may go as far as ${maxMode}.`]),
    ...[...(mirrors ?? [])].map(([m, r]) => `What runs from ${printable(m)} was signed for ${printable(r)}.`),
    ...(ceiling === undefined
      ? []
      : [
          ceiling.length === 0
            ? `Signers under ${rule} may grant everything alone.`
            : `Signers under ${rule} may not grant alone: ${ceiling.join(', ')}.`,
        ]),
    ...(maxAgeDays === undefined
      ? []
      : [`After ${maxAgeDays} days what is signed under ${rule} alerts at most.`]),
  ];
  if (said.length > 0) return { changes: { rules, keys }, said };
  throw new CliError(
    exitCodes.usage,
    'nothing is given to add to it',
    'give --signer, --approver, --mirror …',
  );
}
