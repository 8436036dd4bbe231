import { withKeys } from '../fingerprint/policy-change.ts';
import { printable } from '../fingerprint/printable.ts';
import type { KeySet, TrustedKey, TrustPolicy } from '../fingerprint/trust-policy.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import type { Change } from './policy-next.ts';
import { holders } from './policy-text.ts';
import { countOption, trustedKeys } from './trust-options.ts';

/** Keys that a role is given. */
export interface RoleOptions {
  readonly owner?: string;
  readonly root: readonly string[];
  readonly rootThreshold?: string;
  readonly learner: readonly string[];
  readonly commandKey: readonly string[];
}

/** Keys of the roles, besides what is changed already. @throws CliError */
export async function withRoles(
  io: Io,
  change: Change,
  policy: TrustPolicy,
  options: RoleOptions,
): Promise<Change> {
  const root = await trustedKeys(io, options.root, options.owner);
  const learners = await trustedKeys(io, options.learner, 'learned by the collector');
  const commanders = await trustedKeys(io, options.commandKey, 'orders of the collector');
  assertWelcome(policy, [...root, ...learners, ...commanders]);
  const threshold = countOption('--root-threshold', options.rootThreshold);
  const keys = withKeys({ ...policy, ...change.changes }, [...root, ...learners, ...commanders]);
  const known = { ...policy, keys };
  const set = root.length === 0 && threshold === undefined ? undefined : rootOf(policy.root, root, threshold);
  const idsOf = (list: readonly TrustedKey[]): string[] => list.map((s) => s.key.keyId);
  return {
    changes: {
      ...change.changes,
      keys,
      ...(set === undefined ? {} : { root: set }),
      learnerKeys: [...policy.learnerKeys, ...fresh(policy.learnerKeys, learners)],
      commandKeys: [...policy.commandKeys, ...fresh(policy.commandKeys, commanders)],
    },
    said: [
      ...change.said,
      ...(set === undefined
        ? []
        : [
            `Versions after this one take ${set.threshold} different signatures of ${holders(known, set.keys)}.`,
          ]),
      ...(learners.length === 0
        ? []
        : [`${holders(known, idsOf(learners))} may sign what was learned here; that alerts at most.`]),
      ...(commanders.length === 0 ? [] : [`${holders(known, idsOf(commanders))} may give orders to agents.`]),
    ],
  };
}

function rootOf(
  root: KeySet | undefined,
  more: readonly TrustedKey[],
  threshold: number | undefined,
): KeySet {
  const keys = [...new Set([...(root?.keys ?? []), ...more.map((s) => s.key.keyId)])];
  return { keys, threshold: threshold ?? root?.threshold ?? 1 };
}

function fresh(there: TrustPolicy['learnerKeys'], more: readonly TrustedKey[]): TrustPolicy['learnerKeys'] {
  return more.map((s) => s.key).filter((key) => !there.some((k) => k.keyId === key.keyId));
}

/** Who was shut out is not let in by adding them to another rule: what they sign would not count. */
export function assertWelcome(policy: TrustPolicy, keys: readonly TrustedKey[]): void {
  for (const { key, owner } of keys) {
    const isRevoked = policy.revoked?.keys.has(key.keyId) === true;
    if (!isRevoked && policy.retired?.has(key.keyId) !== true) continue;
    throw new CliError(
      exitCodes.usage,
      `${printable(owner, 80)} (key ${key.keyId.slice(0, 12)}…) was ${isRevoked ? 'taken back' : 'retired'}, and nothing it signs now counts`,
      'have a new key made: whorl keygen',
    );
  }
}
