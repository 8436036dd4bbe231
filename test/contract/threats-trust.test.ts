import { describe, expect, it } from 'vitest';
import { diff } from '../../fingerprint/diff.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import type { StreamState } from '../../fingerprint/stream-versions.ts';
import { formatTimestamp } from '../../fingerprint/timestamp.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../../fingerprint/verify.ts';
import { fingerprintBy, id, people, sitePolicy } from '../fakes/evil-trust.ts';
import { refuses } from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now } from '../fakes/trust.ts';

/** Attacks on whose word counts, for what, and when. The list is in threats.test.ts. */

const bank = 'registry.example/bank/ledger';
const policy = sitePolicy(imageName, bank);
const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
/** What an attacker would like to be allowed. */
const loose: Baseline = {
  ...baseline,
  behaviour: {
    programs: [
      { ...program, network: [{ do: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 }] },
    ],
  },
};
const about = (from: Baseline, name: string, digest = imageDigest): Baseline => ({
  ...from,
  subject: { name, digest },
});
const verify = (
  bytes: Uint8Array,
  context: Partial<Parameters<typeof verifyFingerprint>[2]> = {},
  by = policy,
): VerifiedFingerprint => verifyFingerprint(bytes, by, { now, ...context });
const seenAfter = (verified: VerifiedFingerprint): StreamState =>
  new Map([[verified.stream, { version: verified.fingerprint.version, digest: verified.digest }]]);

describe('vendor A signs permissive fingerprint for B’s image digest', () => {
  const running = `${imageName}@${imageDigest}`;
  it('under B’s name it has not the key, under its own it is not what runs', () => {
    const posing = fingerprintBy(loose, {}, people.otherVendor);
    expect(() => verify(posing)).toThrow(refuses('KEY_NOT_ALLOWED'));
    const asOwn = fingerprintBy(about(loose, bank), {}, people.otherVendor);
    expect(() => verify(asOwn, { image: running })).toThrow(refuses('REPO_MISMATCH'));
    expect(verify(asOwn).runsAs(imageName)).toBe(false);
    expect(verify(asOwn, { image: `${bank}@${imageDigest}` }).rule).toBe('theirs');
  });

  it('nor is a mirror of B one of A', () => {
    const mirror = `mirror.example/${imageName}`;
    const asOwn = fingerprintBy(about(loose, bank), {}, people.otherVendor);
    expect(() => verify(asOwn, { image: `${mirror}@${imageDigest}` })).toThrow(refuses('REPO_MISMATCH'));
    const called = fingerprintBy(about(loose, mirror), {}, people.otherVendor);
    expect(() => verify(called)).toThrow(refuses('NO_RULE'));
    expect(verify(fingerprintBy(baseline), { image: `${mirror}@${imageDigest}` }).rule).toBe('mine');
  });

  it('nor can A’s rule call a copy of B’s repository its own', () => {
    const grabs = { [`mirror.example/${bank}`]: imageName };
    expect(() =>
      sitePolicy(bank, 'registry.example/x', {
        rules: [
          {
            name: 'a',
            images: [bank],
            mirrors: grabs,
            sign: { keys: [id('vendor')], threshold: 1 },
            maxMode: 'kill',
          },
        ],
      }),
    ).toThrow(refuses('POLICY_SYNTAX'));
  });
});

describe('rollback to older, looser version', () => {
  const [v6, v7] = [fingerprintBy(loose, { version: 6 }), fingerprintBy(baseline, { version: 7 })];
  it('is refused where the newer one was seen, and by the policy where it was not', () => {
    const seen = seenAfter(verify(v7));
    expect(() => verify(v6, { seen })).toThrow(refuses('ROLLBACK'));
    expect(verify(v7, { seen }).fingerprint.version).toBe(7);
    const minVersions = { [imageName]: 7 };
    const strict = sitePolicy(imageName, bank, { revoked: { minVersions } });
    expect(() => verify(v6, {}, strict)).toThrow(refuses('BELOW_MINIMUM'));
    expect(verify(v7, {}, strict).fingerprint.version).toBe(7);
    // Where neither says so, the old one is as good as any: that is what the defence is for.
    expect(verify(v6).fingerprint.version).toBe(6);
  });
});

describe('two different v7', () => {
  it('the second raises an alarm of its own, whichever comes first', () => {
    const [one, two] = [fingerprintBy(baseline), fingerprintBy(loose)];
    expect(() => verify(two, { seen: seenAfter(verify(one)) })).toThrow(refuses('EQUIVOCATION'));
    expect(() => verify(one, { seen: seenAfter(verify(two)) })).toThrow(refuses('EQUIVOCATION'));
    expect(verify(one, { seen: seenAfter(verify(one)) }).digest).toBe(verify(one).digest);
  });
});

describe('stolen vendor key', () => {
  const stolen = fingerprintBy(loose, { version: 8 });
  it('opens what that vendor may sign, and no more', () => {
    expect(verify(stolen).rule).toBe('mine');
    expect(() => verify(fingerprintBy(about(loose, bank)))).toThrow(refuses('KEY_NOT_ALLOWED'));
  });

  it('is worth nothing once revoked, whatever it signed and when', () => {
    const reason = { at: '2026-05-03T00:00:00Z', reason: 'laptop lost' };
    const revoked = sitePolicy(imageName, bank, { revoked: { keys: { [id('vendor')]: reason } } });
    const long = () => 0;
    for (const bytes of [stolen, fingerprintBy(baseline)])
      expect(() => verify(bytes, { recorded: long }, revoked)).toThrow(refuses('KEY_REVOKED'));
    expect(verify(fingerprintBy(baseline, {}, people.left), {}, revoked).rule).toBe('mine');
    // Beside a signature that counts, the revoked one adds nothing and spoils nothing.
    expect(verify(fingerprintBy(baseline, {}, people.vendor, people.left), {}, revoked).signers).toEqual([
      { keyId: id('left'), owner: 'left' },
    ]);
  });

  it('one payload can be taken back alone', () => {
    const { digest } = verify(stolen);
    const revoked = sitePolicy(imageName, bank, {
      revoked: { payloads: { [digest]: { reason: 'incident 42' } } },
    });
    expect(() => verify(stolen, {}, revoked)).toThrow(refuses('REVOKED_PAYLOAD'));
    expect(verify(fingerprintBy(baseline), {}, revoked).rule).toBe('mine');
  });

  it('of somebody who has left keeps what this site recorded, and makes nothing new', () => {
    const retired = sitePolicy(imageName, bank, {
      retired: { [id('left')]: { at: '2026-05-03T00:00:00Z' } },
    });
    const old = fingerprintBy(baseline, {}, people.left);
    const at = Date.UTC(2026, 4, 2);
    expect(verify(old, { recorded: () => at }, retired).rule).toBe('mine');
    expect(() => verify(old, { recorded: () => at + 7 * 86_400_000 }, retired)).toThrow(
      refuses('KEY_RETIRED'),
    );
    expect(() => verify(old, {}, retired)).toThrow(refuses('KEY_RETIRED'));
    // What it says of its own time is not asked.
    const backdated = fingerprintBy(loose, { version: 9, issuedAt: '2026-05-01T00:00:00Z' }, people.left);
    expect(() => verify(backdated, { recorded: () => undefined }, retired)).toThrow(refuses('KEY_RETIRED'));
  });

  it('retired and revoked ones together make no threshold', () => {
    const gone = {
      retired: { [id('left')]: { at: '2026-05-03T00:00:00Z' } },
      revoked: { keys: { [id('otherVendor')]: { at: '2026-05-03T00:00:00Z', reason: 'lost' } } },
    };
    const three = ['vendor', 'left', 'otherVendor'] as const;
    const sign = { keys: three.map(id), threshold: 2 };
    const rules = [{ name: 'mine', images: [imageName], sign, maxMode: 'kill' }];
    const bytes = fingerprintBy(baseline, {}, ...three.map((name) => people[name]));
    expect(() => verify(bytes, {}, sitePolicy(imageName, bank, { ...gone, rules }))).toThrow(
      refuses('THRESHOLD'),
    );
    expect(verify(bytes, {}, sitePolicy(imageName, bank, { rules })).signers).toHaveLength(3);
  });
});

describe('clock set back', () => {
  it('versions do not depend on it', () => {
    const seen = seenAfter(verify(fingerprintBy(baseline, { version: 8, issuedAt: '2026-05-03T09:00:00Z' })));
    const old = fingerprintBy(loose, { version: 7, expiresAt: '2026-05-03T00:00:00Z' });
    const before = Date.UTC(2026, 4, 2, 10);
    expect(() => verify(old, { seen, now: before })).toThrow(refuses('ROLLBACK'));
    // A clock that is right says of it that it ran out; one set back does not, and that alone must not help.
    expect(verify(old, { now: before }).warnings).toEqual([]);
    expect(verify(old).warnings.map((w) => w.code)).toEqual(['EXPIRED']);
  });

  it('what is signed later than the clock shows is refused, not taken for old', () => {
    const later = fingerprintBy(baseline, {
      issuedAt: formatTimestamp(now + 86_400_000),
      expiresAt: '2028-01-01T00:00:00Z',
    });
    expect(() => verify(later)).toThrow(refuses('NOT_YET_VALID'));
  });
});

describe('poisoned learning', () => {
  const at = (exe: string) => ({ root: 'entrypoint', lineage: ['/usr/bin/cart', exe] }) as const;
  const { observation, subject } = baseline;
  const learnt = (...exes: readonly string[]): Baseline =>
    learn(
      subject,
      exes.map((exe) => ({
        ...at(exe),
        kind: 'exec',
        args: [exe],
        origin: exe.startsWith('/tmp') ? 'scratch' : 'image',
      })),
      { coverage: ['exec'], observation },
    );

  it('what malware runs from where no software is installed is not learned at all', () => {
    const exes = learnt('/usr/bin/date', '/tmp/miner').behaviour.programs.map((p) => p.exe);
    expect(exes).toContain('/usr/bin/date');
    expect(exes).not.toContain('/tmp/miner');
  });

  it('what one hostile node adds stands in the difference, and a payload can be taken back', () => {
    const honest = learnt('/usr/bin/date');
    const poisoned = merge(honest, learnt('/usr/bin/nc'));
    const found = diff(honest, poisoned);
    expect(found.widens).toBe(true);
    expect(JSON.stringify(found)).toContain('/usr/bin/nc');
    expect(diff(honest, merge(honest, honest)).widens).toBe(false);
    const signed = fingerprintBy(poisoned);
    const revoked = { payloads: { [verify(signed).digest]: { reason: 'learned during incident 42' } } };
    expect(() => verify(signed, {}, sitePolicy(imageName, bank, { revoked }))).toThrow(
      refuses('REVOKED_PAYLOAD'),
    );
  });

  it('a collector’s own word on it goes no further than alert', () => {
    const scope = { cluster: 'c', namespace: 'n', owner: 'o', container: 'main', role: 'main' } as const;
    const stream = `learned/${'0'.repeat(64)}`;
    const provisional = verify(
      fingerprintBy({ ...learnt('/usr/bin/nc'), scope }, { stream }, people.learner),
    );
    expect(provisional).toMatchObject({ provisional: true, maxMode: 'alert' });
    const posing = fingerprintBy(learnt('/usr/bin/nc'), {}, people.learner);
    expect(() => verify(posing)).toThrow(refuses('KEY_NOT_ALLOWED'));
  });
});
