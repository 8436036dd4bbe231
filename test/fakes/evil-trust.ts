import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { policyPayloadType, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import type { PrivateKey } from '../../fingerprint/keys.ts';
import { parseTrustPolicy } from '../../fingerprint/parse-trust-policy.ts';
import { type StatementOptions, statementBytes } from '../../fingerprint/statement.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { commander, signOptions, stranger, testKey, vendor } from './trust.ts';

/** A site with somebody in every role, and the keys of all of them: what an attacker may have stolen one of. */
export const people = {
  vendor,
  otherVendor: testKey(31),
  approver: testKey(32),
  secondApprover: testKey(33),
  overlayer: testKey(34),
  learner: testKey(35),
  commander,
  thief: stranger,
  left: testKey(36),
  root1: testKey(37),
  root2: testKey(38),
  root3: testKey(39),
} as const;
export type Person = keyof typeof people;

export const id = (person: Person): string => people[person].publicKey.keyId;
const ids = (...names: readonly Person[]): string[] => names.map(id);

const all = ['shells', 'wildcard-egress', 'never-learnable', 'sensitive'];

/** The site's policy as the document it is, for images called `mine` and `theirs`. */
export function siteDocument(mine: string, theirs: string, more: object = {}): Record<string, unknown> {
  const known = Object.keys(people) as Person[];
  return {
    _type: 'https://whorl.dev/attestation/trust-policy/v1',
    version: 1,
    issuedAt: '2026-05-01T00:00:00Z',
    keys: Object.fromEntries(
      known
        .filter((name) => name !== 'thief')
        .map((name) => [
          id(name),
          {
            algorithm: 'ed25519',
            spki: Buffer.from(people[name].publicKey.spki).toString('base64'),
            owner: name,
          },
        ]),
    ),
    roles: {
      root: { keys: ids('root1', 'root2', 'root3'), threshold: 2 },
      command: { keys: ids('commander'), threshold: 1 },
      learner: { keys: ids('learner'), threshold: 1 },
    },
    rules: [
      {
        name: 'mine',
        images: [mine],
        mirrors: { [`mirror.example/${mine}`]: mine },
        sign: { keys: ids('vendor', 'left'), threshold: 1 },
        approve: { keys: ids('approver', 'secondApprover'), threshold: 1 },
        overlay: { keys: ids('overlayer'), threshold: 1, mayWiden: ['files.read'] },
        maxMode: 'kill',
        ceiling: all,
      },
      {
        name: 'theirs',
        images: [theirs],
        sign: { keys: ids('otherVendor'), threshold: 1 },
        approve: { keys: ids('secondApprover'), threshold: 1 },
        maxMode: 'kill',
        ceiling: all,
      },
    ],
    ...more,
  };
}

export const sitePolicy = (mine: string, theirs: string, more: object = {}): TrustPolicy =>
  parseTrustPolicy(siteDocument(mine, theirs, more));

/** A next version of a policy, signed by whoever. */
export const policyBy = (document: unknown, ...signers: readonly Person[]): Uint8Array =>
  seal(
    policyPayloadType,
    canonicalBytes(document),
    signers.map((name) => people[name]),
  );

/** A fingerprint signed by whoever, properly. */
export const fingerprintBy = (
  from: Baseline,
  options: Partial<StatementOptions> = {},
  ...signers: readonly PrivateKey[]
): Uint8Array =>
  seal(
    statementPayloadType,
    statementBytes(from, { ...signOptions, ...options }),
    signers.length === 0 ? [vendor] : signers,
  );
