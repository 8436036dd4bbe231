import { describe, expect, it } from 'vitest';
import { policyWith } from '../test/fakes/approvals.ts';
import { overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { type Json, parse, refuses, seals, signed, utf8, verify } from '../test/fakes/signed.ts';
import { baseline, now } from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { type OverlayContent, overlayBytes, parseOverlay } from './overlay.ts';
import { signOverlay } from './sign-overlay.ts';
import type { StatementOptions } from './statement.ts';
import { type WidenClass, widenClasses } from './trust-classes.ts';
import { baseAmong, type VerifiedOverlay, verifyOverlay } from './verify-overlay.ts';
import { widenClassesOf } from './widening.ts';

const base = verify(signed);
const [cart] = baseline.behaviour.programs;
if (cart === undefined) throw new Error('the baseline of the tests has a program');
const nothing = { origins: [], args: [], env: [], files: [], network: [], privileges: [] };
/** The program of the baseline with these entries and no others. */
const more = (entries: Partial<Program>): BehaviourSet => ({
  programs: [{ ...cart, ...nothing, ...entries }],
});
const { expiresAt: _end, ...endless } = overlayOptions;
const { bindings } = overlayFor(base.digest);
const content = (changes: Partial<OverlayContent>): OverlayContent => ({
  ...overlayFor(base.digest),
  bindings: { sites: new Map(), volumes: new Map() },
  ...changes,
});
const mayWiden = (...classes: WidenClass[]) =>
  policyWith({ overlay: { keys: [site.publicKey.keyId], threshold: 1, mayWiden: classes } });
const accepted = (
  changes: Partial<OverlayContent>,
  by = mayWiden(...widenClasses),
  options: StatementOptions = endless,
): VerifiedOverlay => verifyOverlay(signOverlay(content(changes), options, site).envelope, by, { now, base });

const redis: Partial<Program> = {
  network: [{ do: 'connect', transport: 'tcp', peer: 'redis.shop', port: 6379 }],
};

describe('an overlay that adds and removes', () => {
  const both = { add: more(redis), remove: more({ files: cart.files }) };

  it('comes back as it was signed', () => {
    expect(parseOverlay(overlayBytes(content(both), endless)).overlay).toMatchObject(both);
  });

  it('names both as features that a reader must know', () => {
    const critical = (changes: Partial<OverlayContent>): unknown =>
      parse(utf8(JSON.stringify(parse(overlayBytes(content(changes), endless)).predicate))).spec;
    expect(critical(both)).toEqual({ minReader: 1, critical: ['add', 'remove'] });
    expect(critical({ bindings })).toEqual({ minReader: 1, critical: [] });
    const data = more({ files: [{ path: '/data/{any}', access: ['read'] }] });
    expect(critical({ add: data })).toEqual({ minReader: 1, critical: ['add', 'patterns'] });
  });

  it('may say nothing at all: what an earlier version said is taken back', () => {
    expect(accepted({}).overlay.bindings.sites.size).toBe(0);
  });

  it('needs two signatures where the rule asks for two', () => {
    const two = policyWith({
      overlay: { keys: [site.publicKey.keyId, cartKey], threshold: 2, mayWiden: widenClasses },
    });
    expect(() => accepted(both, two)).toThrow(refuses('THRESHOLD', 'signatures'));
  });

  it('is read strictly', () => {
    const statement = parse(overlayBytes(content(both), endless));
    const predicate = parse(utf8(JSON.stringify(statement.predicate)));
    const says = (changes: Json): (() => unknown) => {
      const bytes = seals(canonicalBytes({ ...statement, predicate: { ...predicate, ...changes } }), site);
      return () => verifyOverlay(bytes, mayWiden(...widenClasses), { now, base });
    };
    const programs = (entry: Json): Json => ({ programs: [{ ...cart, ...nothing, ...entry }] });
    expect(says({ add: { ...more(redis), until: 'x' } })).toThrow(refuses('SCHEMA', 'predicate.add.until'));
    expect(says({ add: programs({ uid: 0 }) })).toThrow(refuses('SCHEMA', 'predicate.add.programs[0].uid'));
    expect(says({ remove: programs({ uid: 0 }) })).toThrow(
      refuses('SCHEMA', 'predicate.remove.programs[0].uid'),
    );
    const anywhere = { files: [{ path: '/{any}', access: ['write'] }] };
    expect(says({ add: programs(anywhere) })).toThrow(
      refuses('SCHEMA', 'predicate.add.programs[0].files[0].path'),
    );
    const secret = { files: [{ path: '/run/secrets/{any}', access: ['read'] }] };
    expect(says({ add: programs(secret) })).toThrow(
      refuses('SCHEMA', 'predicate.add.programs[0].files[0].path'),
    );
  });

  it('grants what it knows by name: no parameter of the vendor’s', () => {
    const peer = { do: 'connect', transport: 'tcp', peer: '{site:database}', port: 1 } as const;
    expect(() => accepted({ add: more({ network: [peer] }) })).toThrow(
      refuses('SCHEMA', 'predicate.add.programs[0].network[0].peer'),
    );
  });

  it('may take away an entry with a parameter', () => {
    const files = [{ path: '{volume:data}/**', access: ['write'] as const }];
    expect(accepted({ remove: more({ files }) }).overlay.remove?.programs[0]?.files).toEqual(files);
  });

  it('never holds a secret', () => {
    const args = [['cart', '--password=hunter2hunter2']];
    expect(() => accepted({ add: more({ args }) })).toThrow(refuses('SECRET_FOUND'));
  });
});

const cartKey = 'ab'.repeat(32);

const shell: Program = {
  ...cart,
  ...nothing,
  id: 'p1',
  parent: cart.exe,
  parents: ['p0'],
  exe: '/bin/sh',
  args: [['sh', '-c', 'date']],
  origins: ['image'],
};

/** By the gravest class of each entry. */
const table: readonly [string, BehaviourSet, readonly WidenClass[]][] = [
  ['what stands in the fingerprint already', more({ args: cart.args, files: cart.files }), []],
  ['a program', { programs: [{ ...cart, ...nothing }, shell] }, ['programs']],
  [
    'a known program below another starter',
    {
      programs: [{ ...cart, ...nothing, id: 'p0', root: 'probe', parents: ['#probe'], args: cart.args }],
    },
    ['programs'],
  ],
  ['an argument vector', more({ args: [['cart', '--reindex']] }), ['arguments']],
  [
    'code of the image',
    more({ files: [{ path: '/usr/lib/x.so', access: ['load'], origin: 'image' }] }),
    ['load'],
  ],
  ['a program from a volume', more({ origins: ['volume'] }), ['load']],
  ['an interpreter hook', more({ env: ['NODE_OPTIONS'] }), ['load']],
  ['a file to read', more({ files: [{ path: '/srv/x', access: ['read', 'map'] }] }), ['files.read']],
  [
    'a file to write, make, move, link and delete',
    more({
      files: [
        { path: '/srv/x', access: ['write', 'create', 'delete'] },
        { path: '/srv/x', access: ['rename'], to: '/srv/y' },
        { path: '/srv/x', access: ['link'], to: '/srv/y' },
      ],
    }),
    ['files.write'],
  ],
  ['a peer', more(redis), ['connect']],
  ['a port', more({ network: [{ do: 'listen', transport: 'tcp', port: 9000 }] }), ['listen']],
  ['a name', more({ network: [{ do: 'resolve', name: 'redis.shop' }] }), ['resolve']],
  ['a power of the kernel', more({ privileges: [{ privilege: 'memfd' }] }), ['privileges']],
  ['a secret to read', more({ files: [{ path: '/etc/shadow', access: ['read'] }] }), ['sensitive']],
  [
    'a secret under another name',
    more({ files: [{ path: '/srv/x', access: ['link'], to: '/etc/shadow' }] }),
    ['sensitive'],
  ],
  [
    'the socket of a runtime',
    more({ network: [{ do: 'connect', transport: 'unix', peer: '/run/docker.sock', port: 0 }] }),
    ['sensitive'],
  ],
  ['code that was written', more({ origins: ['upper'] }), ['never-learnable']],
  [
    'a library in memory',
    more({ files: [{ path: 'memfd:x', access: ['load'], origin: 'memory' }] }),
    ['never-learnable'],
  ],
  ['a way out', more({ privileges: [{ privilege: 'setns' }] }), ['never-learnable']],
  [
    'a session of a person',
    { programs: [{ ...cart, root: 'interactive', parents: ['#interactive'] }] },
    ['programs', 'files.read', 'connect', 'never-learnable'],
  ],
];

describe('what an overlay may add', () => {
  it.each(table)('%s', (_what, add, classes) => {
    expect(widenClassesOf(add, baseline.behaviour)).toEqual(classes);
    expect(accepted({ add }, mayWiden(...classes)).overlay.add).toBeDefined();
    for (const one of classes) {
      const others = mayWiden(...widenClasses.filter((c) => c !== one));
      expect(() => accepted({ add }, others)).toThrow(refuses('OVERLAY_FORBIDDEN', 'predicate.add'));
    }
  });

  it('every class has a row', () => {
    expect(new Set(table.flatMap(([, , classes]) => classes))).toEqual(new Set(widenClasses));
  });

  it('is nothing where the rule names nobody for it: taking away and binding are left', () => {
    const nobody = policyWith({
      overlay: undefined as never,
      sign: { keys: [site.publicKey.keyId], threshold: 1 },
    });
    expect(() => accepted({ add: more(redis) }, nobody)).toThrow(refuses('OVERLAY_FORBIDDEN'));
    expect(accepted({ remove: more({ files: cart.files }), bindings }, nobody).mayWiden).toEqual([]);
  });

  it.each(table.filter(([, , classes]) => classes.includes('never-learnable')))(
    'with an end never: %s',
    (_what, add) => {
      expect(() => accepted({ add }, mayWiden(...widenClasses), overlayOptions)).toThrow(
        refuses('OVERLAY_FORBIDDEN', 'predicate.add'),
      );
    },
  );
});

describe('an overlay whose fingerprint is not at hand', () => {
  const program = { programs: [{ ...cart, ...nothing }, shell] };
  const bytes = signOverlay(content({ add: program }), endless, site).envelope;

  it('is checked for programs as soon as it is', () => {
    const by = mayWiden('arguments', 'load');
    const overlay = verifyOverlay(bytes, by, { now });
    expect(overlay.belongsTo(base)).toBe(false);
    expect(overlay.problemWith(base)).toMatchObject({ code: 'OVERLAY_FORBIDDEN' });
    expect(verifyOverlay(bytes, mayWiden('programs'), { now }).belongsTo(base)).toBe(true);
  });

  it('is missed by its digest', () => {
    const overlay = verifyOverlay(bytes, mayWiden(...widenClasses), { now });
    expect(baseAmong(overlay, [base])).toBe(base);
    expect(() => baseAmong(overlay, [])).toThrow(refuses('BASE_MISSING', 'predicate.base.sha256'));
  });
});
