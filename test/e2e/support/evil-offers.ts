import type { ErrorCode } from '../../../fingerprint/errors.ts';
import type { Baseline, BehaviourSet, FileEntry } from '../../../fingerprint/fingerprint.ts';
import { people } from '../../fakes/evil-trust.ts';
import { at, type Documents, forgedOrder, tampered } from './evil-documents.ts';

const day = 86_400_000;
const late = { version: 8 };

/** Everything an evil collector may think of handing down, and the code each must be refused with. */
export function evilOffers(
  docs: Documents,
): readonly (readonly [what: string, code: ErrorCode, bytes: Uint8Array])[] {
  return [...fingerprints(docs), ...kinds(docs), ...overlays(docs), ...approvals(docs), ...policies(docs)];
}
type Offers = ReturnType<typeof evilOffers>;

function fingerprints(docs: Documents): Offers {
  const { mine } = docs;
  const [wide, narrow] = [wider(mine), narrower(mine)];
  const called = (name: string): Baseline => ({ ...mine, subject: { ...mine.subject, name } });
  return [
    ['an older version', 'ROLLBACK', docs.fingerprint({ version: 6 }, wide)],
    ['another of the same version', 'EQUIVOCATION', docs.fingerprint({}, wide)],
    ['a wider one by a stranger', 'UNKNOWN_KEY', docs.fingerprint(late, wide, 'thief')],
    ['a narrower one by a stranger', 'UNKNOWN_KEY', docs.fingerprint(late, narrow, 'thief')],
    ['a wider one by another vendor', 'KEY_NOT_ALLOWED', docs.fingerprint(late, wide, 'otherVendor')],
    ['a narrower one by the approver', 'KEY_NOT_ALLOWED', docs.fingerprint(late, narrow, 'approver')],
    ['its own, learned, in the vendor’s place', 'KEY_NOT_ALLOWED', docs.fingerprint(late, wide, 'learner')],
    ['its own, by the key for orders', 'KEY_NOT_ALLOWED', docs.fingerprint(late, wide, 'commander')],
    [
      'one for an image that no rule names',
      'NO_RULE',
      docs.fingerprint(late, called('registry.example/elsewhere')),
    ],
    [
      'one in the name of a mirror',
      'NO_RULE',
      docs.fingerprint(late, called(`mirror.example/${mine.subject.name}`)),
    ],
    ['one by a key that was taken back', 'KEY_REVOKED', docs.fingerprint(late, wide, 'left')],
    ['one that was taken back itself', 'REVOKED_PAYLOAD', docs.withdrawn],
    [
      'one below what the policy asks for',
      'BELOW_MINIMUM',
      docs.fingerprint({ stream: 'pinned', version: 8 }),
    ],
    ['one of tomorrow', 'NOT_YET_VALID', docs.fingerprint({ ...late, issuedAt: at(day) })],
    ['one byte more than was signed', 'BAD_SIGNATURE', tampered(docs.fingerprint(), oneByteMore)],
    ['an unsigned one', 'NO_SIGNATURE', tampered(docs.fingerprint(late), unsigned)],
    ['one without an envelope', 'ENVELOPE_SHAPE', Buffer.from(JSON.stringify(mine))],
  ];
}

/** What is signed by the right key, and is something else. */
function kinds(docs: Documents): Offers {
  const wrong = docs.fingerprint(late, wider(docs.mine), 'vendor');
  return [
    ['an order in the place of a fingerprint', 'PAYLOAD_TYPE', forgedOrder({ id: 'x' }, 'vendor')],
    ['a fingerprint that calls itself an order', 'PAYLOAD_TYPE', tampered(wrong, calledOrder)],
    ['a fingerprint that calls itself a policy', 'BAD_SIGNATURE', tampered(wrong, calledPolicy)],
    ['an approval in the place of a fingerprint', 'SCHEMA', docs.relabelled('approval', 'vendor')],
    ['an overlay that says it is whole', 'SCHEMA', docs.relabelled('overlay', 'vendor')],
  ];
}

function overlays(docs: Documents): Offers {
  const more = { add: granting(docs.mine, { path: '/etc/group', access: ['read'] }) };
  const next = { version: 4 };
  return [
    ['an overlay by the vendor', 'KEY_NOT_ALLOWED', docs.overlay(more, next, 'vendor')],
    ['an overlay by a stranger', 'UNKNOWN_KEY', docs.overlay(more, next, 'thief')],
    ['an overlay that has run out', 'EXPIRED', docs.overlay(more, { ...next, expiresAt: at(-1_000) })],
    ['an older overlay', 'ROLLBACK', docs.overlay(more, { version: 2 })],
    ['another overlay of the same version', 'EQUIVOCATION', docs.overlay(more, { version: 3 })],
    [
      'an overlay that adds what its signer may not',
      'OVERLAY_FORBIDDEN',
      docs.overlay({ add: granting(docs.mine, { path: '/etc/shadow', access: ['read'] }) }, next),
    ],
  ];
}

function approvals(docs: Documents): Offers {
  const next = { version: 6 };
  const nobodys = { name: 'registry.example/elsewhere', digest: `sha256:${'cd'.repeat(32)}` };
  return [
    ['an approval by the vendor', 'KEY_NOT_ALLOWED', docs.approval({}, next, 'vendor')],
    ['an approval by the collector’s learner', 'KEY_NOT_ALLOWED', docs.approval({}, next, 'learner')],
    ['an approval by the key for orders', 'KEY_NOT_ALLOWED', docs.approval({}, next, 'commander')],
    ['an older approval', 'ROLLBACK', docs.approval({}, { version: 4 })],
    ['another approval of the same version', 'EQUIVOCATION', docs.approval({})],
    ['an approval that has run out', 'EXPIRED', docs.approval({}, { ...next, expiresAt: at(-1_000) })],
    ['an approval for an image of nobody', 'NO_RULE', docs.approval({ image: nobodys }, next)],
    ['an approval taken back by the vendor', 'KEY_NOT_ALLOWED', docs.approval(undefined, next, 'vendor')],
  ];
}

function policies(docs: Documents): Offers {
  const next = { version: 2 };
  return [
    ['a policy that one root signed', 'POLICY_CHAIN', docs.policy(next, 'root1')],
    ['a policy that one root signed twice', 'POLICY_CHAIN', docs.policy(next, 'root1', 'root1')],
    ['a policy that no root signed', 'POLICY_CHAIN', docs.policy(next, 'vendor', 'approver')],
    ['a policy by strangers', 'UNKNOWN_KEY', docs.policy(next, 'thief')],
    ['a policy that takes revocations back', 'POLICY_CHAIN', docs.policy({ ...next, revoked: {} })],
    ['a policy that leaves a version out', 'POLICY_CHAIN', docs.policy({ version: 3 })],
    ['the policy that was', 'POLICY_ROLLBACK', docs.policy({ version: 1 })],
    [
      'the policy that was, with other content',
      'EQUIVOCATION',
      docs.policy({ version: 1, expiresAt: at(day) }),
    ],
    [
      'a policy with a member nobody knows',
      'POLICY_SYNTAX',
      docs.policy({ ...next, unless: 'the collector says so' }),
    ],
    ['a policy whose new root did not sign', 'POLICY_CHAIN', docs.policy({ ...next, roles: strangersRoot })],
  ];
}

const strangersRoot = {
  root: {
    keys: ['vendor', 'approver'].map(
      (name) => people[name === 'vendor' ? 'vendor' : 'approver'].publicKey.keyId,
    ),
    threshold: 2,
  },
};

/** Everything may go anywhere. */
export function wider(from: Baseline): Baseline {
  const anywhere = { do: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 } as const;
  return {
    ...from,
    behaviour: { programs: from.behaviour.programs.map((p) => ({ ...p, network: [anywhere] })) },
  };
}

/** Nothing that the service starts is known any more: whatever it does would drift. */
function narrower(from: Baseline): Baseline {
  const programs = from.behaviour.programs.filter((p) => p.parents.every((parent) => parent.startsWith('#')));
  return { ...from, behaviour: { programs: programs.map((p) => ({ ...p, files: [] })) } };
}

/** One file more for the service itself. */
export function granting(to: Baseline, file: FileEntry): BehaviourSet {
  const [service] = narrower(to).behaviour.programs;
  if (service === undefined) throw new Error('the service was not learned');
  return {
    programs: [{ ...service, origins: [], args: [], env: [], network: [], privileges: [], files: [file] }],
  };
}

function oneByteMore(document: Record<string, unknown>): void {
  const payload = Buffer.from(String(document.payload), 'base64');
  document.payload = Buffer.concat([payload, Buffer.from(' ')]).toString('base64');
}

function unsigned(document: Record<string, unknown>): void {
  document.signatures = [];
}

function calledOrder(document: Record<string, unknown>): void {
  document.payloadType = 'application/vnd.whorl.command.v1+json';
}

function calledPolicy(document: Record<string, unknown>): void {
  document.payloadType = 'application/vnd.whorl.trust-policy.v1+json';
}
