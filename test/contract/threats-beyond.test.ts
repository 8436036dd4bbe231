import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsFor } from '../../fingerprint/approved-item.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { underCeiling } from '../../fingerprint/ceiling.ts';
import type { Baseline, NetworkEntry } from '../../fingerprint/fingerprint.ts';
import { overlayBytes } from '../../fingerprint/overlay.ts';
import { approvalBytes } from '../../fingerprint/parse-approval.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { parseTrustPolicy } from '../../fingerprint/parse-trust-policy.ts';
import { ceilingClasses } from '../../fingerprint/trust-classes.ts';
import { verifyFingerprint } from '../../fingerprint/verify.ts';
import { verifyApproval } from '../../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../../fingerprint/verify-overlay.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { fingerprintBy, id, people, siteDocument, sitePolicy } from '../fakes/evil-trust.ts';
import { overlayFor, overlayOptions } from '../fakes/overlays.ts';
import { refuses, seals } from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now, signOptions } from '../fakes/trust.ts';

/** Attacks that stand in no list: found by reading the code with bad intent. Each one once got through, or nearly. */

const bank = 'registry.example/bank/ledger';
const policy = sitePolicy(imageName, bank);
const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
const item = {
  image: { name: imageName, digest: imageDigest },
  fingerprint: `sha256:${'0a'.repeat(32)}`,
  mode: 'kill',
  carry: 'digest',
} as const;
const approves = (
  content: Parameters<typeof approvalBytes>[0],
  ...by: (typeof people)[keyof typeof people][]
) => seals(approvalBytes(content, { ...signOptions, stream: 'site' }), ...by);

describe('streams of different kinds', () => {
  const named = (name: string, stream: string): string => {
    const everything = sitePolicy(name, bank);
    const called: Baseline = { ...baseline, subject: { name, digest: imageDigest } };
    return verifyFingerprint(fingerprintBy(called, { stream }), everything, { now }).stream;
  };

  it('an image called like a kind does not use up the versions of that kind', () => {
    const approval = verifyApproval(approves({ items: [item], reason: 'r' }, people.approver), policy, {
      now,
    });
    expect(named('approval', 'site')).not.toBe(approval.stream);
    const overlay = verifyOverlay(
      seals(
        overlayBytes(overlayFor(item.fingerprint), { ...overlayOptions, stream: 'site' }),
        people.overlayer,
      ),
      policy,
      { now },
    );
    for (const name of ['approval', 'overlay', 'provisional'])
      for (const stream of ['site', imageName, `${imageName} site`])
        expect([approval.stream, overlay.stream]).not.toContain(named(name, stream));
  });

  it('and a line break, by which the parts are joined, stands in none of them', () => {
    for (const stream of ['a\nb', 'a\u2028b\n', 'a\r'])
      expect(() => named(imageName, stream)).toThrow(refuses('SCHEMA', 'predicate.stream'));
  });
});

describe('the ceiling of a vendor', () => {
  const held = (change: object): number => {
    const read = parseBaseline({
      ...baseline,
      behaviour: { programs: [{ ...program, files: [], network: [], ...change }] },
    });
    return underCeiling(read.behaviour, ceilingClasses).inert.length;
  };

  it.each([
    ['by its name', '/bin/sh', ['sh', '-c', 'x']],
    ['by a name with a version', '/bin/bash5.2', ['bash5.2']],
    ['by the name of a variant', '/usr/bin/rbash', ['rbash']],
    ['by the name a package manager moves it to', '/bin/sh.distrib', ['x']],
    ['as an applet of its file, called by its own name', '/bin/busybox', ['busybox', 'sh', '-c', 'x']],
    ['as an applet of its file, called by the applet’s', '/bin/busybox', ['sh', '-c', 'x']],
    ['behind another program', '/usr/bin/env', ['env', 'A=1', '/bin/dash']],
    ['behind the loader', '/lib64/ld-linux-x86-64.so.2', ['ld.so', '/bin/sh']],
    ['as an interpreter with a prompt', '/usr/bin/python3', ['python3', '-i']],
  ])('holds a shell back: %s', (_how, exe, args) => {
    expect(held({ exe, args: [args] })).toBe(1);
  });

  it('and lets what is no shell pass', () => {
    for (const args of [
      ['busybox', 'ls'],
      ['env', 'cart'],
      ['ssh', '-V'],
      ['cart', '--shell-completion'],
    ])
      expect(held({ exe: '/bin/busybox', args: [args] })).toBe(0);
  });

  it.each(['*', '*.example', '{host}', '0.0.0.0/1', '10.0.0.0/31', '::', '2000::/3', '{hex}.evil.example'])(
    'holds back egress to %s',
    (peer) => {
      const entry: NetworkEntry = { do: 'connect', transport: 'tcp', peer, port: 443 };
      expect(held({ network: [entry] })).toBe(1);
      expect(held({ network: [{ ...entry, peer: 'db.shop' }] })).toBe(0);
    },
  );
});

describe('approvals', () => {
  const workload: Workload = {
    cluster: 'c',
    namespace: 'team-b',
    owner: 'Deployment/cart',
    container: 'main',
    role: 'main',
    subject: item.image,
  };

  it('an empty list in a scope is neither everywhere nor nowhere', () => {
    for (const scope of [{}, { namespaces: [] }, { clusters: ['c'], owners: [] }])
      expect(() =>
        verifyApproval(approves({ items: [{ ...item, scope }], reason: 'r' }, people.approver), policy, {
          now,
        }),
      ).toThrow(refuses('SCHEMA'));
  });

  it('a bare owner is one of the node, not everybody’s of that name', () => {
    expect(holdsFor({ owners: ['Deployment/cart'] }, workload)).toBe(false);
    expect(holdsFor({ owners: ['team-a/Deployment/cart'] }, workload)).toBe(false);
    expect(holdsFor({ owners: ['team-b/Deployment/cart'] }, workload)).toBe(true);
    expect(
      holdsFor({ owners: ['unit/x.service'] }, { ...workload, namespace: 'host', owner: 'unit/x.service' }),
    ).toBe(true);
    expect(holdsFor({ namespaces: ['team-b'] }, undefined)).toBe(false);
  });

  it('one image’s approver does not take back another’s decision by an empty or a foreign one of the same stream', () => {
    const first = verifyApproval(approves({ items: [item], reason: 'r' }, people.approver), policy, { now });
    const replaces = () => first;
    const two = { ...signOptions, stream: 'site', version: 8 };
    const empty = approvalBytes({ items: [], reason: 'r' }, two);
    const theirs = { ...item, image: { name: bank, digest: imageDigest } };
    const foreign = approvalBytes({ items: [theirs], reason: 'r' }, two);
    const narrow = sitePolicy(imageName, bank, {
      rules: [
        {
          name: 'mine',
          images: [imageName],
          sign: { keys: [id('vendor')], threshold: 1 },
          approve: { keys: [id('approver')], threshold: 1 },
          maxMode: 'kill',
        },
        {
          name: 'theirs',
          images: [bank],
          sign: { keys: [id('otherVendor')], threshold: 1 },
          approve: { keys: [id('secondApprover')], threshold: 1 },
          maxMode: 'kill',
        },
      ],
    });
    for (const payload of [empty, foreign])
      expect(() => verifyApproval(seals(payload, people.secondApprover), narrow, { now, replaces })).toThrow(
        refuses('KEY_NOT_ALLOWED'),
      );
    expect(verifyApproval(seals(empty, people.approver), narrow, { now, replaces }).approval.items).toEqual(
      [],
    );
    for (const stranger of [people.vendor, people.learner, people.commander])
      expect(() => verifyApproval(seals(empty, stranger), narrow, { now })).toThrow(
        refuses('KEY_NOT_ALLOWED'),
      );
  });
});

describe('members and numbers that mean something to the engine', () => {
  it('__proto__, constructor and the like are names like any other, and unknown ones', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const more = JSON.parse(`{"${name}":{"maxMode":"kill"}}`) as object;
      expect(() => parseTrustPolicy({ ...siteDocument(imageName, bank), ...more })).toThrow(
        refuses('POLICY_SYNTAX'),
      );
      const keys = JSON.parse(`{"${name}":{"algorithm":"ed25519","spki":"AAAA","owner":"x"}}`) as object;
      expect(() => sitePolicy(imageName, bank, { keys })).toThrow(refuses('POLICY_SYNTAX'));
      const revoked = { revoked: { minVersions: JSON.parse(`{"${name}":7}`) as object } };
      expect(sitePolicy(imageName, bank, revoked).revoked?.minVersions.get(name)).toBe(7);
    }
    expect(Reflect.get({}, 'maxMode')).toBeUndefined();
  });

  it.each([0, -1, 1.5, Number.MAX_SAFE_INTEGER + 1, 1e21])('version %s is none', (version) => {
    const statement = { ...signOptions, version };
    expect(() => verifyFingerprint(fingerprintBy(baseline, statement), policy, { now })).toThrow(
      refuses('SCHEMA', 'predicate.version'),
    );
    expect(() => sitePolicy(imageName, bank, { version })).toThrow(refuses('POLICY_SYNTAX'));
  });

  it('names that look alike are different names', () => {
    const cyrillic = imageName.replace('a', '\u0430');
    for (const name of [
      cyrillic,
      `${imageName}\u200b`,
      imageName.toUpperCase(),
      `${imageName}/`,
      ` ${imageName}`,
    ]) {
      const posing: Baseline = { ...baseline, subject: { name, digest: imageDigest } };
      expect(() => verifyFingerprint(fingerprintBy(posing), policy, { now })).toThrow();
    }
  });

  it('no policy, however it is spelled, lets a learner or a stranger sign', () => {
    fc.assert(
      fc.property(fc.subarray(Object.keys(people) as (keyof typeof people)[]), (names) => {
        const may = names.some((n) => n === 'vendor' || n === 'left');
        if (names.length === 0) return;
        const bytes = fingerprintBy(baseline, {}, ...names.map((n) => people[n]));
        if (may) expect(verifyFingerprint(bytes, policy, { now }).signers.length).toBeGreaterThan(0);
        else expect(() => verifyFingerprint(bytes, policy, { now })).toThrow();
      }),
      { seed: 20_260_501, numRuns: 25 },
    );
  });

  it('canonical bytes do not hide a member', () => {
    const value = JSON.parse('{"__proto__":1,"a":2}') as object;
    expect(Buffer.from(canonicalBytes(value)).toString()).toBe('{"__proto__":1,"a":2}');
  });
});
