import { describe, expect, it } from 'vitest';
import { approvalPolicy, approver, approves, itemFor, policyWith } from '../test/fakes/approvals.ts';
import { workload } from '../test/fakes/behaviours.ts';
import { overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { verify } from '../test/fakes/signed.ts';
import { baseline, imageDigest, imageName, now, signOptions, testKey, vendor } from '../test/fakes/trust.ts';
import type { ApprovedFingerprint } from './approval.ts';
import { type Effective, effectiveOf, type SiteDocuments } from './effective.ts';
import { carriedApproval } from './effective-mode.ts';
import type { Baseline, BehaviourSet, Program } from './fingerprint.ts';
import { type Entry, entriesOf, grantKey, grantsOf, programOfEntries } from './grants.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import type { OverlayContent } from './overlay.ts';
import { signProvisional } from './provisional.ts';
import { scopeOf } from './scope.ts';
import { signFingerprint } from './sign.ts';
import { signOverlay } from './sign-overlay.ts';
import type { StatementOptions } from './statement.ts';
import { type CeilingClass, ceilingClasses } from './trust-classes.ts';
import type { TrustPolicy } from './trust-policy.ts';
import type { VerifiedFingerprint } from './verify.ts';
import { type VerifiedApproval, verifyApproval } from './verify-approval.ts';
import { type VerifiedOverlay, verifyOverlay } from './verify-overlay.ts';

const [cart] = baseline.behaviour.programs;
if (cart === undefined) throw new Error('the baseline of the tests has a program');
const nothing = { origins: [], args: [], env: [], files: [], network: [], privileges: [] };
const more = (entries: Partial<Program>): BehaviourSet => ({
  programs: [{ ...cart, ...nothing, ...entries }],
});

const fingerprint = (
  known: Baseline = baseline,
  options: Partial<StatementOptions> = {},
  by: TrustPolicy = approvalPolicy,
): VerifiedFingerprint =>
  verify(signFingerprint(known, { ...signOptions, ...options }, vendor).envelope, {}, by);

const base = fingerprint();
const approval = (
  items: readonly ApprovedFingerprint[],
  options: Partial<StatementOptions> = {},
  by: TrustPolicy = approvalPolicy,
): VerifiedApproval => verifyApproval(approves(items, options).envelope, by, { now });
const { expiresAt: _end, ...endless } = overlayOptions;
const overlay = (changes: Partial<OverlayContent>, stream = 'a'): VerifiedOverlay =>
  verifyOverlay(
    signOverlay(
      { ...overlayFor(base.digest), bindings: { sites: new Map(), volumes: new Map() }, ...changes },
      { ...endless, stream },
      site,
    ).envelope,
    approvalPolicy,
    { now },
  );
const effective = (site: Partial<SiteDocuments>, of = base, at = { workload }): Effective =>
  effectiveOf(of, { overlays: [], approvals: [], ...site }, at);
const codes = ({ warnings }: Effective): string[] => warnings.map((w) => w.code);

const peer = (name: string): Partial<Program> => ({
  network: [{ do: 'connect', transport: 'tcp', peer: name, port: 443 }],
});

describe('effective behaviour', () => {
  it('is what was signed, where the site says nothing', () => {
    const { fingerprint, bindings, inert, overlays } = effective({});
    expect(fingerprint).toEqual(base.fingerprint);
    expect([bindings.sites.size, inert, overlays]).toEqual([0, [], []]);
  });

  it('is base without what is removed and with what is added, by the verdict', () => {
    const adds = overlay({ add: more(peer('redis.shop')) });
    const removes = overlay({ remove: more({ files: cart.files }) }, 'b');
    const index = indexBehaviour(effective({ overlays: [adds, removes] }).fingerprint);
    const actor = { root: 'entrypoint', lineage: [cart.exe] } as const;
    const connect = { ...actor, kind: 'connect', transport: 'tcp', peer: 'redis.shop', port: 443 } as const;
    expect(judge(connect, index)).toEqual({ kind: 'expected' });
    expect(judge({ ...actor, kind: 'open', path: '/etc/cart.conf', access: 'read' }, index).kind).toBe(
      'drift',
    );
  });

  it('keeps nothing that another overlay takes away', () => {
    const adds = overlay({ add: more(peer('redis.shop')) });
    const removes = overlay({ remove: more(peer('redis.shop')) }, 'b');
    const { fingerprint } = effective({ overlays: [adds, removes] });
    expect(fingerprint.behaviour).toEqual(base.fingerprint.behaviour);
    expect(fingerprint.removed?.programs).toHaveLength(1);
  });

  it('returns nothing that the signer of the fingerprint took back', () => {
    const pruned = fingerprint({ ...baseline, removed: more(peer('redis.shop')) });
    const adds = verifyOverlay(
      signOverlay({ ...overlayFor(pruned.digest), add: more(peer('redis.shop')) }, endless, site).envelope,
      approvalPolicy,
      { now, base: pruned },
    );
    expect(effective({ overlays: [adds] }, pruned).fingerprint.behaviour).toEqual(
      pruned.fingerprint.behaviour,
    );
  });

  it('has one digest, in whatever order and how often its overlays came', () => {
    const [a, b] = [overlay({ add: more(peer('a')) }), overlay({ add: more(peer('b')) }, 'b')];
    const { digest } = effective({ overlays: [a, b] });
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(effective({ overlays: [b, a, b] }).digest).toBe(digest);
    expect(
      new Set(
        [effective({}), effective({ overlays: [a] }), effective({ overlays: [b] })].map((e) => e.digest),
      ).size,
    ).toBe(3);
  });

  it('is not touched by overlays of another fingerprint or of another workload', () => {
    const foreign = overlay({ base: `sha256:${'0'.repeat(64)}`, add: more(peer('a')) });
    const scoped = overlay({ scope: scopeOf(workload), add: more(peer('a')) });
    expect(effective({ overlays: [foreign] }).overlays).toEqual([]);
    expect(effective({ overlays: [scoped] }).overlays).toEqual([scoped]);
    const other = { workload: { ...workload, owner: 'Deployment/other' } };
    expect(effective({ overlays: [scoped] }, base, other).overlays).toEqual([]);
    expect(effectiveOf(base, { overlays: [scoped], approvals: [] }).overlays).toEqual([]);
  });

  it('is not touched by an overlay that adds what its signers may not', () => {
    const narrow = policyWith({
      overlay: { keys: [site.publicKey.keyId], threshold: 1, mayWiden: ['resolve'] },
    });
    const bytes = signOverlay({ ...overlayFor(base.digest), add: more(peer('a')) }, endless, site).envelope;
    expect(effective({ overlays: [verifyOverlay(bytes, narrow, { now })] }).overlays).toEqual([]);
  });
});

describe('the effective mode', () => {
  const exact = approval([itemFor(base.digest)]);

  it('of a vendor alone is alert, and says what it waits for', () => {
    expect(effective({})).toMatchObject({ maxMode: 'alert', neverLearnableMode: 'alert' });
    expect(effective({}).approvedBy).toBeUndefined();
    expect(codes(effective({}))).toEqual(['NOT_APPROVED']);
  });

  it('waits for nothing where the rule goes no further', () => {
    const modest = fingerprint(baseline, {}, policyWith({ maxMode: 'alert' }));
    expect(codes(effective({}, modest))).toEqual([]);
  });

  it.each(['observe', 'alert', 'freeze', 'kill'] as const)('with an approval at %s is that', (mode) => {
    const e = effective({ approvals: [approval([itemFor(base.digest, { mode })])] });
    expect(e).toMatchObject({ maxMode: mode, neverLearnableMode: mode, warnings: [] });
    expect(e.approvedBy).toEqual({
      signedBy: ['Ada of Security'],
      reason: 'CHG-4711: cart may be stopped',
      stream: 'shop',
      version: 2,
      digest: expect.stringMatching(/^sha256:/),
      expiresAt: '2026-11-02T11:00:00Z',
    });
  });

  it('never exceeds the rule of the trust policy', () => {
    const frozen = fingerprint(baseline, {}, policyWith({ maxMode: 'freeze' }));
    expect(effective({ approvals: [exact] }, frozen).maxMode).toBe('freeze');
  });

  it('is alert when the fingerprint itself is out of date, whatever was approved', () => {
    const bytes = signFingerprint(baseline, signOptions, vendor).envelope;
    const expired = verify(bytes, { now: Date.parse('2027-06-01T00:00:00Z') }, approvalPolicy);
    expect(effective({ approvals: [exact] }, expired)).toMatchObject({
      maxMode: 'alert',
      neverLearnableMode: 'alert',
    });
  });

  it('is not raised by an approval of another digest or another image', () => {
    const others = [
      approval([itemFor(`sha256:${'0'.repeat(64)}`, { carry: 'digest' })]),
      approval([
        itemFor(base.digest, { image: { name: 'registry.example/shop/other', digest: imageDigest } }),
      ]),
    ];
    for (const other of others) expect(effective({ approvals: [other] }).maxMode).toBe('alert');
  });

  it('is not raised by an approval that was taken back', () => {
    expect(effective({ approvals: [approval([])] }).maxMode).toBe('alert');
  });

  const elsewhere = {
    workload: { ...workload, cluster: 'staging', namespace: 'test', owner: 'Deployment/x' },
  };
  it.each([
    ['the cluster', { clusters: ['prod'] }],
    ['the namespace', { namespaces: ['shop', 'other'] }],
    ['the owner', { owners: ['shop/Deployment/cart'] }],
    ['all of them', { clusters: ['prod'], namespaces: ['shop'], owners: ['shop/Deployment/cart'] }],
  ])('is raised in its scope alone: %s', (_what, scope) => {
    const approvals = [approval([itemFor(base.digest, { scope })])];
    expect(effective({ approvals }).maxMode).toBe('kill');
    expect(effective({ approvals }, base, elsewhere).maxMode).toBe('alert');
    expect(effectiveOf(base, { overlays: [], approvals }).maxMode).toBe('alert');
  });

  it('follows what says most about the workload, and the lesser of two that say the same', () => {
    const everywhere = approval([itemFor(base.digest)], { stream: 'a' });
    const here = approval([itemFor(base.digest, { mode: 'observe', scope: { namespaces: ['shop'] } })], {
      stream: 'b',
    });
    const lesser = approval([itemFor(base.digest, { mode: 'freeze' })], { stream: 'c' });
    expect(effective({ approvals: [everywhere, here] }).maxMode).toBe('observe');
    expect(effective({ approvals: [everywhere, here] }, base, elsewhere).maxMode).toBe('kill');
    expect(effective({ approvals: [everywhere, lesser] }).maxMode).toBe('freeze');
  });

  it('is alert while an overlay takes away what the approver saw granted', () => {
    const removes = overlay({ remove: more({ files: cart.files }) });
    const e = effective({ approvals: [exact], overlays: [removes] });
    expect(e).toMatchObject({ maxMode: 'alert', neverLearnableMode: 'alert' });
    expect(codes(e)).toEqual(['NOT_APPROVED']);
    const together = approval([itemFor(base.digest, { overlays: [removes.digest] })]);
    expect(effective({ approvals: [together], overlays: [removes] }).maxMode).toBe('kill');
  });

  it('is not lowered by what an overlay adds or binds', () => {
    const adds = overlay({ add: more(peer('a')) });
    expect(effective({ approvals: [exact], overlays: [adds] }).maxMode).toBe('kill');
  });
});

describe('an approval of an earlier digest', () => {
  const earlier = approval([itemFor(base.digest)]);
  const subject = { name: imageName, digest: `sha256:${'99'.repeat(32)}` };
  const next = (changes: Partial<Baseline>): VerifiedFingerprint =>
    fingerprint({ ...baseline, subject, ...changes }, { version: 8 });
  const wider = next({
    behaviour: { programs: [{ ...cart, network: [...cart.network, ...(peer('a').network ?? [])] }] },
  });
  const same = next({});

  it('rules a later one for what is never learnable, and for the rest at alert', () => {
    const e = effective({ approvals: [earlier], predecessor: base }, wider);
    expect(e).toMatchObject({ maxMode: 'alert', neverLearnableMode: 'kill' });
    expect(codes(e)).toEqual(['NOT_APPROVED']);
    expect(e.approvedBy?.version).toBe(2);
  });

  it('rules one that widens nothing as it is', () => {
    expect(effective({ approvals: [earlier], predecessor: base }, same)).toMatchObject({
      maxMode: 'kill',
      neverLearnableMode: 'kill',
      warnings: [],
    });
  });

  it('is about what it names: another fingerprint to compare with helps nobody', () => {
    expect(effective({ approvals: [earlier] }, same).maxMode).toBe('alert');
    expect(effective({ approvals: [earlier], predecessor: same }, same).maxMode).toBe('alert');
  });

  it('ends with its digest where it says so', () => {
    const only = approval([itemFor(base.digest, { carry: 'digest' })]);
    expect(effective({ approvals: [only], predecessor: base }, same)).toMatchObject({
      maxMode: 'alert',
      neverLearnableMode: 'alert',
    });
  });

  it('does not lift the ceiling of the later one', () => {
    const shell = fingerprint({
      ...baseline,
      subject,
      behaviour: {
        programs: [
          cart,
          { ...cart, id: 'p1', parent: cart.exe, parents: ['p0'], exe: '/bin/sh', args: [['sh']] },
        ],
      },
    });
    expect(effective({ approvals: [earlier], predecessor: base }, shell).inert).toHaveLength(1);
  });

  it('never exceeds the rule', () => {
    const by = policyWith({ maxMode: 'freeze' });
    const modest = fingerprint({ ...baseline, subject }, { version: 8 }, by);
    expect(effective({ approvals: [earlier], predecessor: base }, modest).neverLearnableMode).toBe('freeze');
  });

  it('rules a workload without any fingerprint for what is never learnable', () => {
    const carried = carriedApproval([earlier], { ...workload, subject }, 'kill');
    expect(carried).toMatchObject({ neverLearnableMode: 'kill', item: { mode: 'kill' } });
    expect(carriedApproval([earlier], { ...workload, subject }, 'freeze')?.neverLearnableMode).toBe('freeze');
    const other = { ...workload, subject: { ...subject, name: 'registry.example/shop/other' } };
    expect(carriedApproval([earlier], other, 'kill')).toBeUndefined();
    const only = approval([itemFor(base.digest, { carry: 'digest' })]);
    expect(carriedApproval([only], { ...workload, subject }, 'kill')).toBeUndefined();
  });
});

describe('what a collector learned', () => {
  const learner = testKey(5);
  const by: TrustPolicy = {
    ...approvalPolicy,
    keys: new Map([
      ...approvalPolicy.keys,
      [learner.publicKey.keyId, { key: learner.publicKey, owner: 'c' }],
    ]),
    learnerKeys: [learner.publicKey],
  };
  const scope = scopeOf(workload);
  const options = { workload: 'ab', version: 1, issuedAt: signOptions.issuedAt };
  const learned = verify(signProvisional({ ...baseline, scope }, options, learner).envelope, {}, by);

  it('is never raised above alert, not even by an approval of its very bytes', () => {
    const approvals = [approval([itemFor(learned.digest)])];
    expect(effective({ approvals, maxMode: 'kill' }, learned)).toMatchObject({
      maxMode: 'alert',
      neverLearnableMode: 'alert',
    });
  });

  it('nor by widening nothing: a collector could narrow it until everything drifts', () => {
    const approvals = [approval([itemFor(base.digest)])];
    const e = effective({ approvals, predecessor: base, maxMode: 'kill' }, learned);
    expect(e).toMatchObject({ maxMode: 'alert', neverLearnableMode: 'kill' });
    expect(effective({ approvals, predecessor: base }, learned).neverLearnableMode).toBe('alert');
  });
});

/** One table per class: what is held back, and what is close to it and is not. */
const ceilings: Readonly<
  Record<
    CeilingClass,
    { readonly held: readonly Partial<Program>[]; readonly free: readonly Partial<Program>[] }
  >
> = {
  shells: {
    held: [
      { exe: '/bin/sh', args: [['sh', '-c', 'date']] },
      { exe: '/usr/bin/bash', args: [['bash', '/entrypoint.sh']] },
      { exe: '/bin/busybox', args: [['sh']] },
      { exe: '/usr/bin/python3', args: [['python3']] },
      { exe: '/usr/bin/node', args: [['node', '-']] },
    ],
    free: [
      { exe: '/bin/busybox', args: [['ls', '-l']] },
      { exe: '/usr/bin/python3', args: [['python3', '/app/main.py']] },
      { exe: '/usr/bin/shred', args: [['shred', 'x']] },
    ],
  },
  'wildcard-egress': {
    held: ['10.0.0.0/8', '*', '*.example.com', '{host}', '0.0.0.0', '0.0.0.0/0', '::', '::/0']
      .map(peer)
      .concat([{ network: [{ do: 'resolve', name: '{hex}.evil.example' }] }]),
    free: [
      ...['db.shop', '10.0.0.9', 'workload:shop/Deployment/db', 'localhost'].map(peer),
      { network: [{ do: 'connect', transport: 'unix', peer: '/run/*.sock', port: 0 }] },
      { network: [{ do: 'resolve', name: 'db.shop' }] },
      { network: [{ do: 'listen', transport: 'tcp', port: 80 }] },
    ],
  },
  'never-learnable': {
    held: [
      ...['setns', 'unshare', 'mount', 'module-load', 'bpf', 'ptrace'].map(
        (privilege): Partial<Program> => ({ privileges: [{ privilege } as never] }),
      ),
      { files: [{ path: '/tmp/x.so', access: ['load'], origin: 'scratch' }] },
      { files: [{ path: '/srv/x.so', access: ['load'], origin: 'upper' }] },
      { origins: ['image', 'upper'], args: [['x']] },
      { root: 'interactive', parents: ['#interactive'], args: [['cart']] },
    ],
    free: [
      { privileges: [{ privilege: 'capability', detail: 'cap_chown' }] },
      { files: [{ path: '/usr/lib/x.so', access: ['load'], origin: 'image' }] },
      { files: [{ path: '/tmp/x', access: ['write'] }] },
      { origins: ['volume'], args: [['cart']] },
    ],
  },
  sensitive: {
    held: [
      { files: [{ path: '/etc/shadow', access: ['read'] }] },
      { files: [{ path: '/srv/x', access: ['link'], to: '/etc/shadow' }] },
      { network: [{ do: 'connect', transport: 'unix', peer: '/var/run/docker.sock', port: 0 }] },
    ],
    free: [
      { files: [{ path: '/etc/cart.conf', access: ['read'] }] },
      { network: [{ do: 'connect', transport: 'unix', peer: '/run/app.sock', port: 0 }] },
    ],
  },
};
const rows = (which: 'held' | 'free') =>
  ceilingClasses.flatMap((c) => ceilings[c][which].map((p) => [c, JSON.stringify(p), p] as const));
const grants = (p: Partial<Program>): Baseline => ({
  ...baseline,
  coverage: ['connect', 'exec', 'link', 'load', 'open', 'privilege', 'resolve', 'listen'],
  behaviour: { programs: [{ ...cart, ...nothing, ...p }] },
});

describe('the ceiling', () => {
  it.each(rows('held'))('%s holds back %s', (ceiling, _text, program) => {
    const own = fingerprint(grants(program), {}, policyWith({ ceiling: [ceiling] }));
    const { inert, fingerprint: left } = effective({}, own);
    expect(inert).toHaveLength(1);
    expect(grantsOf(left.behaviour).map((g) => g.id)).not.toContain(inert[0]?.id);
    expect(left.behaviour.programs).toHaveLength(1);
  });

  it.each(rows('free'))('%s leaves %s', (ceiling, _text, program) => {
    const own = fingerprint(grants(program), {}, policyWith({ ceiling: [ceiling] }));
    expect(effective({}, own).inert).toEqual([]);
    expect(effective({}, own).fingerprint).toEqual(own.fingerprint);
  });

  const shell = grants({ exe: '/bin/sh', args: [['sh', '-c', 'date']] });

  it('is lifted by any approval of these very bytes, at whatever mode, in its scope', () => {
    const own = fingerprint(shell);
    const by = (more: Partial<ApprovedFingerprint>): Partial<SiteDocuments> => ({
      approvals: [approval([itemFor(own.digest, { mode: 'alert', ...more })])],
    });
    expect(effective(by({}), own).inert).toEqual([]);
    expect(effective(by({ scope: { namespaces: ['other'] } }), own).inert).toHaveLength(1);
  });

  it('is not over what the site signed itself', () => {
    const people = policyWith({ sign: { keys: [approver.publicKey.keyId], threshold: 1 } });
    const own = verify(signFingerprint(shell, signOptions, approver).envelope, {}, people);
    expect(effective({}, own).inert).toEqual([]);
  });

  it('does not hold back what an overlay of the site grants by name', () => {
    const own = fingerprint(shell);
    const { behaviour: add } = shell;
    const bytes = signOverlay({ ...overlayFor(own.digest), add }, endless, site).envelope;
    const adds = verifyOverlay(bytes, approvalPolicy, { now, base: own });
    expect(effective({ overlays: [adds] }, own)).toMatchObject({ inert: [], maxMode: 'alert' });
  });

  it('does not change the effective digest: what is approved later is what was signed', () => {
    const own = fingerprint(shell);
    const approvals = [approval([itemFor(own.digest)])];
    expect(effective({ approvals }, own).digest).toBe(effective({}, own).digest);
  });

  it.each(rows('held'))(
    '%s: what it holds back drifts as if it were not there: %s',
    (ceiling, _text, program) => {
      const own = fingerprint(grants(program), {}, policyWith({ ceiling: [ceiling] }));
      const { inert, fingerprint: left } = effective({}, own);
      for (const { entry } of inert) {
        const b = actOf(entry, program);
        expect(judge(b, indexBehaviour(own.fingerprint)).kind).toBe('expected');
        const [only = cart] = own.fingerprint.behaviour.programs;
        const rest = entriesOf(only).filter((e) => grantKey(e) !== grantKey(entry));
        const behaviour = { programs: [programOfEntries(only, rest)] };
        const verdict = judge(b, indexBehaviour(left));
        expect(verdict.kind).toBe('drift');
        expect(verdict).toEqual(judge(b, indexBehaviour({ ...own.fingerprint, behaviour })));
      }
    },
  );
});

function actOf(entry: Entry, { exe = cart?.exe ?? '', root = 'entrypoint' }: Partial<Program>) {
  const actor = { root, lineage: [exe] };
  switch (entry.kind) {
    case 'arguments':
      return { ...actor, kind: 'exec', args: entry.args } as const;
    case 'origin':
      return { ...actor, kind: 'exec', args: ['x'], origin: entry.origin } as const;
    case 'file':
      if (entry.act === 'load') return { ...actor, ...entry, kind: 'load' } as const;
      if (entry.act === 'link')
        return { ...actor, kind: 'link', path: entry.path, target: entry.to ?? '' } as const;
      return { ...actor, kind: 'open', path: entry.path, access: 'read' } as const;
    case 'network':
      return { ...actor, ...entry.network, kind: entry.network.do } as never;
    case 'privilege':
      return { ...actor, ...entry } as const;
    case 'hook':
      return { ...actor, kind: 'exec', args: [], env: [entry.name] } as const;
  }
}
