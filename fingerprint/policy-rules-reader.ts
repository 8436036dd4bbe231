import { Fields } from './fields.ts';
import { isImagePattern, matchesImage } from './image-pattern.ts';
import { isDigest, isSubjectName } from './image-ref.ts';
import type { PolicyProblems } from './policy-problems.ts';
import { printable } from './printable.ts';
import { ceilingClasses, widenClasses } from './trust-classes.ts';
import type { KeySet, TrustRule } from './trust-policy.ts';
import { modes } from './verdict.ts';

/** Far more than a site has; a bound on what a hostile file can make us hold. */
export const maxKeys = 256;
const maxRules = 1024;
/** A hundred years: longer than any fingerprint is of use, and a number of days no clock fails on. */
const maxDays = 36_525;

interface RuleContext {
  readonly problems: PolicyProblems;
  /** Ids that stand under `keys`. */
  readonly declared: ReadonlySet<string>;
}

/** @param mayBeNone a machine that only learns trusts nobody for any image */
export function trustRules(root: Fields, context: RuleContext, mayBeNone: boolean): TrustRule[] {
  const list = root.list('rules', maxRules);
  if (list.length === 0 && !mayBeNone) root.fail('rules', 'must hold at least one rule');
  const rules = list.flatMap((entry, i) => {
    const read = () => trustRule(new Fields(entry, `rules[${i}]`, 'POLICY_SYNTAX'), context);
    return context.problems.attempt(read) ?? [];
  });
  const names = rules.map((r) => r.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) root.fail('rules', `has two rules with the name ${printable(twice, 64)}`);
  return rules;
}

function trustRule(fields: Fields, { problems, declared }: RuleContext): TrustRule | undefined {
  const attempt = <T>(read: () => T): T | undefined => problems.attempt(read);
  attempt(() => fields.only(...ruleMembers));
  const name = attempt(() => fields.text('name'));
  const images = attempt(() => imagesOf(fields));
  const mirrors = attempt(() => mirrorsOf(fields, images));
  const sign = attempt(() => namedSet(fields, 'sign', declared));
  const approve = attempt(() => (fields.has('approve') ? namedSet(fields, 'approve', declared) : undefined));
  const overlay = attempt(() => overlayOf(fields, declared));
  const maxMode = attempt(() => fields.oneOf('maxMode', modes));
  const ceiling = attempt(() => classesOf(fields, 'ceiling', ceilingClasses));
  const maxAgeDays = attempt(() => daysOf(fields));
  if (name === undefined || images === undefined || sign === undefined || maxMode === undefined)
    return undefined;
  return {
    name,
    images,
    ...(mirrors === undefined ? {} : { mirrors }),
    sign,
    ...(approve === undefined ? {} : { approve }),
    ...(overlay === undefined ? {} : { overlay }),
    maxMode,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  };
}

const ruleMembers = [
  'name',
  'images',
  'mirrors',
  'sign',
  'approve',
  'overlay',
  'maxMode',
  'ceiling',
  'maxAgeDays',
] as const;

function namedSet(fields: Fields, name: 'sign' | 'approve', declared: ReadonlySet<string>): KeySet {
  const set = fields.object(name);
  set.only('keys', 'threshold');
  return keySet(set, declared);
}

function overlayOf(fields: Fields, declared: ReadonlySet<string>): TrustRule['overlay'] {
  if (!fields.has('overlay')) return undefined;
  const set = fields.object('overlay');
  set.only('keys', 'threshold', 'mayWiden');
  return { ...keySet(set, declared), mayWiden: classesOf(set, 'mayWiden', widenClasses) ?? [] };
}

/** `{keys, threshold}`. Who asks for more signatures than there are keys asks for what can never be. */
export function keySet(fields: Fields, declared: ReadonlySet<string>): KeySet {
  const list = fields.list('keys', maxKeys);
  if (list.length === 0) fields.fail('keys', 'must name at least one key');
  const keys = list.map((id, i) => {
    if (typeof id === 'string' && declared.has(id)) return id;
    return fields.fail(`keys[${i}]`, 'must be the id of a key that stands under `keys`');
  });
  if (new Set(keys).size !== keys.length) fields.fail('keys', 'must name each key once');
  const threshold = fields.integer('threshold', 1);
  if (threshold > keys.length) fields.fail('threshold', `must be at most ${keys.length}, the number of keys`);
  return { keys, threshold };
}

function imagesOf(fields: Fields): string[] {
  const list = fields.list('images', maxRules);
  if (list.length === 0) fields.fail('images', 'must name at least one image');
  return list.map((pattern, i) => {
    if (isImagePattern(pattern)) return pattern;
    return fields.fail(
      `images[${i}]`,
      'must be a name without digest, a prefix ending in /**, or ** for everything',
    );
  });
}

/** Exact names on both sides: a mirror that is a pattern would let a repository pass for many. */
function mirrorsOf(
  fields: Fields,
  images: readonly string[] | undefined,
): ReadonlyMap<string, string> | undefined {
  if (!fields.has('mirrors')) return undefined;
  const mirrors = fields.object('mirrors');
  const names = mirrors.names();
  if (names.length > maxRules) fields.fail('mirrors', `must hold at most ${maxRules} repositories`);
  return new Map(names.map((mirror) => [mirror, mirroredBy(mirrors, mirror, images ?? ['**'])]));
}

function mirroredBy(mirrors: Fields, mirror: string, images: readonly string[]): string {
  const isRepository = (text: string): boolean =>
    isSubjectName(text) && !isDigest(text) && !text.includes('*');
  const original = mirrors.text(mirror);
  if (!isRepository(mirror) || !isRepository(original))
    return mirrors.fail(mirror, 'must be a repository without digest, as the key and as the value');
  if (images.some((pattern) => matchesImage(pattern, original))) return original;
  return mirrors.fail(mirror, 'must hold copies of a repository that this rule is about');
}

function classesOf<T extends string>(fields: Fields, name: string, known: readonly T[]): T[] | undefined {
  if (!fields.has(name)) return undefined;
  const list = fields.list(name, known.length);
  const classes = list.map((entry, i) => {
    const found = known.find((c) => c === entry);
    return found ?? fields.fail(`${name}[${i}]`, `must be one of ${known.join(', ')}`);
  });
  if (new Set(classes).size !== classes.length) fields.fail(name, 'must name each class once');
  return classes;
}

function daysOf(fields: Fields): number | undefined {
  if (!fields.has('maxAgeDays')) return undefined;
  const days = fields.integer('maxAgeDays', 1);
  return days <= maxDays ? days : fields.fail('maxAgeDays', `must be at most ${maxDays}`);
}
