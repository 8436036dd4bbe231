import { decodeBase64 } from './base64.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { keyAlgorithms, type PublicKey, publicFromSpki } from './keys.ts';
import { PolicyProblems } from './policy-problems.ts';
import { retiredKeys, revocations } from './policy-revoked-reader.ts';
import { keySet, maxKeys, trustRules } from './policy-rules-reader.ts';
import type { TrustedKey, TrustPolicy } from './trust-policy.ts';

export const trustPolicyType = 'https://whorl.dev/attestation/trust-policy/v1';

/** Reads one policy document. */
export class PolicyReader {
  readonly #problems = new PolicyProblems();
  readonly #keys = new Map<string, TrustedKey>();
  /** Ids that stand under `keys`, readable or not: a key with a flaw is told once, not at every use. */
  readonly #declared = new Set<string>();

  /** @throws POLICY_SYNTAX, or WEAK_KEY when every problem is one */
  read(value: unknown): TrustPolicy {
    const policy = this.#try(() => this.#policy(new Fields(value, '', 'POLICY_SYNTAX')));
    if (policy !== undefined && this.#problems.isEmpty) return policy;
    throw this.#problems.error();
  }

  /** Members in the order a person reads them, so that problems come in that order too. */
  #policy(root: Fields): TrustPolicy | undefined {
    this.#try(() => root.only(...members));
    this.#try(() => root.oneOf('_type', [trustPolicyType]));
    const version = this.#try(() => root.integer('version', 1));
    const issuedAt = this.#try(() => root.timestamp('issuedAt'));
    const expiresAt = this.#try(() => root.optionalTimestamp('expiresAt'));
    this.#try(() => this.#readKeys(root));
    this.#try(() => this.#onlyRoles(root));
    const rootKeys = this.#try(() => this.#root(root));
    const commandKeys = this.#try(() => this.#role(root, 'command')) ?? [];
    const learnerKeys = this.#try(() => this.#role(root, 'learner')) ?? [];
    const problems = this.#problems;
    const context = { problems, declared: this.#declared };
    const rules = this.#try(() => trustRules(root, context, learnerKeys.length > 0));
    const retired = this.#try(() => retiredKeys(root, problems));
    const revoked = this.#try(() => revocations(root, problems));
    if (version === undefined || issuedAt === undefined || rules === undefined) return undefined;
    return {
      version,
      issuedAt,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      keys: this.#keys,
      ...(rootKeys === undefined ? {} : { root: rootKeys }),
      commandKeys,
      learnerKeys,
      rules,
      ...(retired === undefined ? {} : { retired }),
      ...(revoked === undefined ? {} : { revoked }),
    };
  }

  #readKeys(root: Fields): void {
    const keys = root.object('keys');
    const ids = keys.names();
    if (ids.length === 0) root.fail('keys', 'must hold at least one key');
    if (ids.length > maxKeys) root.fail('keys', `must hold at most ${maxKeys} keys`);
    for (const id of ids) {
      this.#declared.add(id);
      const trusted = this.#try(() => trustedKey(keys.object(id), id));
      if (trusted !== undefined) this.#keys.set(id, trusted);
    }
  }

  #onlyRoles(root: Fields): void {
    if (root.has('roles')) root.object('roles').only('root', 'command', 'learner');
  }

  #root(root: Fields): TrustPolicy['root'] {
    if (!root.has('roles') || !root.object('roles').has('root')) return undefined;
    const fields = root.object('roles').object('root');
    fields.only('keys', 'threshold');
    return keySet(fields, this.#declared);
  }

  /** Each key of these two acts alone: an order or a lesson with two signatures does not exist. */
  #role(root: Fields, name: 'command' | 'learner'): PublicKey[] {
    if (!root.has('roles') || !root.object('roles').has(name)) return [];
    const fields = root.object('roles').object(name);
    this.#try(() => fields.only('keys', 'threshold'));
    this.#try(() => {
      if (fields.raw('threshold') !== 1) fields.fail('threshold', 'must be 1');
    });
    const set = keySet(fields, this.#declared);
    return set.keys.flatMap((id) => this.#keys.get(id)?.key ?? []);
  }

  #try<T>(read: () => T): T | undefined {
    return this.#problems.attempt(read);
  }
}

const members = [
  '_type',
  'version',
  'issuedAt',
  'expiresAt',
  'keys',
  'roles',
  'rules',
  'retired',
  'revoked',
] as const;

function trustedKey(fields: Fields, id: string): TrustedKey {
  fields.only('algorithm', 'spki', 'owner', 'notBefore', 'notAfter');
  const algorithm = fields.oneOf('algorithm', keyAlgorithms);
  const key = keyAt(fields);
  if (key.keyId !== id) fields.fail('spki', 'does not belong to this id (the id is the sha256 of its bytes)');
  if (key.algorithm !== algorithm) fields.fail('algorithm', `must be ${key.algorithm}, as its bytes say`);
  const notBefore = fields.optionalTimestamp('notBefore');
  const notAfter = fields.optionalTimestamp('notAfter');
  // Texts of one fixed form in UTC: they sort as the times they stand for.
  if (notBefore !== undefined && notAfter !== undefined && notAfter <= notBefore)
    fields.fail('notAfter', 'must be later than notBefore');
  return {
    key,
    owner: fields.text('owner'),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  };
}

/** The key's own error, told with its place in the document. */
function keyAt(fields: Fields): PublicKey {
  const field = fields.at('spki');
  try {
    return publicFromSpki(decodeBase64(fields.text('spki'), field));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new FingerprintError(error.code, error.message, { field, cause: error });
  }
}
