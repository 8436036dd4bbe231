import { printable } from '../fingerprint/printable.ts';
import type { KeySet, TrustPolicy, TrustRule } from '../fingerprint/trust-policy.ts';
import { modes } from '../fingerprint/verdict.ts';

/** More lines of one sort than this are counted: `--json` has them all. */
const maxShown = 50;

/** What a trust policy means, in sentences. */
export function policySentences(policy: TrustPolicy): string[] {
  const until = policy.expiresAt === undefined ? '' : `, valid until ${policy.expiresAt}`;
  const orders = policy.commandKeys.map((key) => holder(policy, key.keyId)).join(' or ');
  const learners = policy.learnerKeys.map((key) => holder(policy, key.keyId)).join(' or ');
  return [
    `Trust policy version ${policy.version} of ${policy.issuedAt}${until}. The first rule that matches decides.`,
    ...policy.rules.map((rule) => ruleSentence(policy, rule)),
    ...(learners === ''
      ? []
      : [`${learners} may sign what was learned of copies of this site; that alerts and goes no further.`]),
    orders === '' ? 'Nobody may give orders to agents.' : `${orders} may give orders to agents.`,
    policy.root === undefined
      ? 'It names no root keys: the next version is put in place by hand on every node.'
      : `The next version takes ${signatures(policy, policy.root)}.`,
    ...shut(policy),
  ];
}

function ruleSentence(policy: TrustPolicy, rule: TrustRule): string {
  const images = rule.images
    .map((pattern) => (pattern === '**' ? 'every image' : printable(pattern)))
    .join(', ');
  const { keys, threshold } = rule.sign;
  const who = holders(policy, keys);
  const sign = threshold === 1 ? `${who} may sign` : `it takes ${threshold} signatures of ${who}`;
  const parts = [
    `Rule ${printable(rule.name)}: for ${images}, ${sign}; what is signed may go as far as ${rule.maxMode}.`,
    ...approvalSentences(policy, rule),
    ...[...(rule.mirrors ?? [])].map(
      ([mirror, original]) => `What runs from ${printable(mirror)} was signed for ${printable(original)}.`,
    ),
    ...(rule.maxAgeDays === undefined
      ? []
      : [`What was signed more than ${rule.maxAgeDays} days ago alerts at most.`]),
  ];
  return parts.join(' ');
}

function approvalSentences(policy: TrustPolicy, { approve, overlay, ceiling, maxMode }: TrustRule): string[] {
  const mayStop = modes.indexOf(maxMode) > modes.indexOf('alert');
  const stops = 'nothing is frozen or killed';
  const approval =
    approve === undefined
      ? [...(mayStop ? [`Nobody approves for this site, so ${stops}.`] : [])]
      : [`Without an approval that holds ${signatures(policy, approve)} ${stops}.`];
  const inert =
    ceiling === undefined || ceiling.length === 0
      ? []
      : [`Until then entries of these classes grant nothing: ${ceiling.join(', ')}.`];
  const adds =
    overlay === undefined || overlay.mayWiden.length === 0
      ? []
      : [`Additions of this site take ${signatures(policy, overlay)}.`];
  return [...approval, ...inert, ...adds];
}

/** What counts no more. */
function shut({ retired, revoked, keys }: TrustPolicy): string[] {
  const owner = (id: string): string => holderOf(keys.get(id)?.owner ?? 'nobody listed any more', id);
  return [
    // Of a key that was taken back as well nothing goes on counting.
    ...[...(retired ?? [])]
      .filter(([id]) => revoked?.keys.has(id) !== true)
      .map(([id, { at, reason, keeps }]) => {
        const kept = keeps.length === 0 ? '' : `, and ${keeps.length} documents of theirs stay besides`;
        return `${owner(id)} is retired since ${at}${because(reason)}: what was recorded before goes on counting${kept}.`;
      }),
    ...shown([...(revoked?.keys ?? [])], ([id, { at, reason }]) => {
      return `${owner(id)} was taken back at ${at}${because(reason)}: nothing they signed counts.`;
    }),
    ...shown(
      [...(revoked?.payloads ?? [])],
      ([digest, { reason }]) => `${digest} was taken back${because(reason)}.`,
    ),
    ...shown(
      [...(revoked?.minVersions ?? [])],
      ([stream, n]) => `Of ${printable(stream, 300)} no version below ${n} counts.`,
    ),
  ];
}

function shown<T>(list: readonly T[], text: (entry: T) => string): string[] {
  const more = list.length - maxShown;
  return [...list.slice(0, maxShown).map(text), ...(more > 0 ? [`And ${more} more of that sort.`] : [])];
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${printable(reason, 300)})`;
}

/** `one signature of A or B`, `2 signatures of A, B or C`. */
export function signatures(policy: TrustPolicy, { keys, threshold }: KeySet): string {
  const many = threshold === 1 ? 'one signature' : `${threshold} signatures`;
  return `${many} of ${holders(policy, keys)}`;
}

export function holders(policy: TrustPolicy, keyIds: readonly string[]): string {
  return keyIds.map((id) => holder(policy, id)).join(' or ');
}

function holder(policy: TrustPolicy, keyId: string): string {
  const { retired, revoked, keys } = policy;
  const state = revoked?.keys.has(keyId) === true ? ', taken back' : retired?.has(keyId) ? ', retired' : '';
  return holderOf(keys.get(keyId)?.owner ?? '', `${keyId}`, state);
}

function holderOf(owner: string, keyId: string, state = ''): string {
  return `${printable(owner, 80)} (key ${keyId.slice(0, 12)}…${state})`;
}
