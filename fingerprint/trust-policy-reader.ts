import { decodeBase64 } from './base64.ts';
import { type ErrorCode, FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { type PublicKey, publicFromSpki } from './keys.ts';
import { printable } from './printable.ts';
import type { TrustedKey, TrustPolicy, TrustRule } from './trust-policy.ts';
import { modes } from './verdict.ts';

export const trustPolicyType = 'https://whorl.dev/attestation/trust-policy/v1';
/** Far more than a site has; a bound on what a hostile file can make us hold. */
const maxKeys = 256;
const maxRules = 1024;
/** More complaints than this help nobody. */
const maxProblems = 20;

/** Reads one policy document and gathers everything that is wrong with it, so that it is mended in one go. */
export class PolicyReader {
  readonly #problems: { readonly code: ErrorCode; readonly text: string }[] = [];
  readonly #keys = new Map<string, TrustedKey>();
  /** Ids that stand under `keys`, readable or not: a key with a flaw is told once, not at every use. */
  readonly #declared = new Set<string>();

  /** @throws POLICY_SYNTAX, or WEAK_KEY when every problem is one */
  read(value: unknown): TrustPolicy {
    const policy = this.#try(() => this.#policy(new Fields(value, '', 'POLICY_SYNTAX')));
    if (policy !== undefined && this.#problems.length === 0) return policy;
    const texts = this.#problems.slice(0, maxProblems).map((p) => p.text);
    const more = this.#problems.length - texts.length;
    const weak = this.#problems.every((p) => p.code === 'WEAK_KEY');
    throw new FingerprintError(
      weak ? 'WEAK_KEY' : 'POLICY_SYNTAX',
      texts.join('; ') + (more > 0 ? `; and ${more} more` : ''),
    );
  }

  /** Members in the order a person reads them, so that problems come in that order too. */
  #policy(root: Fields): TrustPolicy | undefined {
    this.#try(() => root.only('_type', 'version', 'issuedAt', 'expiresAt', 'keys', 'roles', 'rules'));
    this.#try(() => root.oneOf('_type', [trustPolicyType]));
    const version = this.#try(() => root.integer('version', 1));
    const issuedAt = this.#try(() => root.timestamp('issuedAt'));
    const expiresAt = this.#try(() => root.optionalTimestamp('expiresAt'));
    this.#try(() => this.#readKeys(root));
    this.#try(() => this.#onlyRoles(root));
    const commandKeys = this.#try(() => this.#role(root, 'command')) ?? [];
    const learnerKeys = this.#try(() => this.#role(root, 'learner')) ?? [];
    const rules = this.#try(() => this.#rules(root, learnerKeys.length > 0));
    if (version === undefined || issuedAt === undefined || rules === undefined) return undefined;
    const until = expiresAt === undefined ? {} : { expiresAt };
    return { version, issuedAt, ...until, keys: this.#keys, commandKeys, learnerKeys, rules };
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
    if (root.has('roles')) root.object('roles').only('command', 'learner');
  }

  #role(root: Fields, name: 'command' | 'learner'): PublicKey[] {
    if (!root.has('roles') || !root.object('roles').has(name)) return [];
    return this.#signers(root.object('roles').object(name)).flatMap((id) => this.#keys.get(id)?.key ?? []);
  }

  /** A machine that only learns trusts nobody for any image. */
  #rules(root: Fields, mayBeNone: boolean): TrustRule[] {
    const list = root.list('rules', maxRules);
    if (list.length === 0 && !mayBeNone) root.fail('rules', 'must hold at least one rule');
    const rules = list.flatMap((entry, i) => {
      const rule = this.#try(() => this.#rule(new Fields(entry, `rules[${i}]`, 'POLICY_SYNTAX')));
      return rule ?? [];
    });
    const names = rules.map((r) => r.name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) root.fail('rules', `has two rules with the name ${printable(twice, 64)}`);
    return rules;
  }

  #rule(fields: Fields): TrustRule | undefined {
    this.#try(() => fields.only('name', 'images', 'sign', 'overlay', 'maxMode'));
    const name = this.#try(() => fields.text('name'));
    const images = this.#try(() => imagesOf(fields));
    const sign = this.#try(() => ({ keys: this.#signers(fields.object('sign')), threshold: 1 }));
    const overlay = fields.has('overlay')
      ? {
          overlay: {
            keys: this.#try(() => this.#signers(fields.object('overlay'))) ?? [],
            threshold: 1,
            mayWiden: [],
          },
        }
      : {};
    const maxMode = this.#try(() => fields.oneOf('maxMode', modes));
    if (name === undefined || images === undefined || sign === undefined || maxMode === undefined)
      return undefined;
    return { name, images, sign, ...overlay, maxMode };
  }

  /** `{keys, threshold}`: with one signer per rule the only threshold is 1. */
  #signers(fields: Fields): string[] {
    this.#try(() => fields.only('keys', 'threshold'));
    this.#try(() => {
      if (fields.raw('threshold') !== 1) fields.fail('threshold', 'must be 1');
    });
    const ids = fields.list('keys', maxKeys);
    if (ids.length === 0) fields.fail('keys', 'must name at least one key');
    return ids.map((id, i) => {
      if (typeof id === 'string' && this.#declared.has(id)) return id;
      return fields.fail(`keys[${i}]`, 'must be the id of a key that stands under `keys`');
    });
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      this.#problems.push({
        code: error.code,
        text: `${error.field === '' ? '' : `${error.field} `}${error.message}`,
      });
      return undefined;
    }
  }
}

function trustedKey(fields: Fields, id: string): TrustedKey {
  fields.only('algorithm', 'spki', 'owner');
  fields.oneOf('algorithm', ['ed25519']);
  const key = keyAt(fields);
  if (key.keyId !== id) fields.fail('spki', 'does not belong to this id (the id is the sha256 of its bytes)');
  return { key, owner: fields.text('owner') };
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

/** Only three forms of pattern exist, so that nobody is surprised by what one matches. */
function imagesOf(fields: Fields): string[] {
  const list = fields.list('images', maxRules);
  if (list.length === 0) fields.fail('images', 'must name at least one image');
  return list.map((pattern, i) => {
    const fixed = typeof pattern === 'string' ? pattern.replace(/(^|\/)\*\*$/, '') : '*';
    if (typeof pattern === 'string' && pattern !== '' && /^[!-)+-?A-~]*$/.test(fixed)) return pattern;
    return fields.fail(
      `images[${i}]`,
      'must be a name without digest, a prefix ending in /**, or ** for everything',
    );
  });
}
