import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { isDigest, isSubjectName } from '../fingerprint/image-ref.ts';
import type { NewRule } from '../fingerprint/new-trust-policy.ts';
import { printable } from '../fingerprint/printable.ts';
import { type CeilingClass, ceilingClasses } from '../fingerprint/trust-classes.ts';
import type { TrustedKey } from '../fingerprint/trust-policy.ts';
import { type Mode, modes } from '../fingerprint/verdict.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';

/** What is said of the site's part in a rule. */
export interface SiteOptions {
  readonly maxMode?: Mode;
  readonly approver: readonly string[];
  readonly approveThreshold?: string;
  readonly ceiling: readonly string[];
}

export interface RuleOptions extends SiteOptions {
  readonly threshold?: string;
  readonly mirror: readonly string[];
  readonly maxAgeDays?: string;
}

export function maxModeOption(): Option {
  return new Option('--max-mode <mode>', 'the most that may be done on these signatures').choices([...modes]);
}

/** Who approves for this site, and what nobody may grant without them. */
export function siteOptions(command: Command): Command {
  return command
    .option(
      '--approver <name.pub>',
      'who approves for this site, and adds to fingerprints here; may be repeated',
      repeated,
      [],
    )
    .option('--approve-threshold <n>', 'how many different approvers it takes (default: 1)')
    .addOption(
      new Option(
        '--ceiling <class>',
        `what signers may not grant alone: ${ceilingClasses.join(', ')} or none; may be repeated (default: all of them where there are approvers)`,
      )
        .argParser(repeated)
        .default([], 'as said'),
    );
}

export function repeated(value: string, earlier: unknown): readonly string[] {
  return [...(Array.isArray(earlier) ? earlier : []), value];
}

export async function trustedKeys(
  io: Io,
  paths: readonly string[],
  owner?: string,
): Promise<readonly TrustedKey[]> {
  const keys: TrustedKey[] = [];
  for (const path of paths)
    keys.push({ key: await readPublicKey(io, path), owner: owner ?? basename(path, '.pub') });
  return keys;
}

/** What a rule is made of besides its signers and images. @throws CliError */
export async function ruleParts(
  io: Io,
  options: SiteOptions & Partial<RuleOptions>,
): Promise<Omit<NewRule, 'name' | 'images' | 'signers' | 'maxMode'>> {
  const ceiling = ceilingOf(options.ceiling);
  const threshold = countOption('--threshold', options.threshold);
  const approveThreshold = countOption('--approve-threshold', options.approveThreshold);
  const maxAgeDays = countOption('--max-age-days', options.maxAgeDays);
  const mirrors = mirrorsOf(options.mirror ?? []);
  return {
    approvers: await trustedKeys(io, options.approver),
    ...(threshold === undefined ? {} : { threshold }),
    ...(approveThreshold === undefined ? {} : { approveThreshold }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
    ...(mirrors.size === 0 ? {} : { mirrors }),
  };
}

/** A whole number of at least 1, when one is given. @throws CliError */
export function countOption(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(exitCodes.usage, `${option} must be a whole number of at least 1`);
}

/** Undefined: as it comes by itself. @throws CliError */
function ceilingOf(given: readonly string[]): readonly CeilingClass[] | undefined {
  if (given.length === 0) return undefined;
  if (given.includes('none')) {
    if (given.length === 1) return [];
    throw new CliError(exitCodes.usage, '--ceiling none stands alone');
  }
  return given.map((name) => {
    const found = ceilingClasses.find((c) => c === name);
    if (found !== undefined) return found;
    throw new CliError(
      exitCodes.usage,
      `--ceiling ${printable(name, 40)} is no class`,
      `choose of ${ceilingClasses.join(', ')}, or none`,
    );
  });
}

/** `MIRROR=REPOSITORY`. @throws CliError */
function mirrorsOf(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const [mirror, original, ...more] = text.split('=');
      const isName = (name: string | undefined): name is string =>
        name !== undefined && isSubjectName(name) && !isDigest(name);
      if (isName(mirror) && isName(original) && more.length === 0) return [mirror, original];
      throw new CliError(
        exitCodes.usage,
        `--mirror ${printable(text, 120)} names no two repositories`,
        'write --mirror mirror.example/shop/cart=registry.example/shop/cart',
      );
    }),
  );
}
