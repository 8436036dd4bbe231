import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { privatePem, publicPem } from '../fingerprint/keys.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { openBaseline, site, sitePolicy } from '../test/fakes/overlays.ts';
import { baseline, imageName, signOptions, stranger, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

const cart = world.given(
  'cart.open.intoto.json',
  signFingerprint(openBaseline, signOptions, vendor).envelope,
);
const next = world.given(
  'cart.8.intoto.json',
  signFingerprint(openBaseline, { ...signOptions, version: 8 }, vendor).envelope,
);
const closed = world.given(
  'cart.closed.intoto.json',
  signFingerprint(baseline, signOptions, vendor).envelope,
);
const trust = world.given('site-policy.json', JSON.stringify(trustPolicyDocument(sitePolicy)));
const siteKey = world.given('site.key', privatePem(site));
const sitePub = world.given('site.pub', publicPem(site.publicKey));
const strangerKey = world.given('stranger.key', privatePem(stranger));

const time = (second: number): string => `2026-05-03T10:00:0${second}Z`;
const cartIs = { process: { pid: 7, start: 1 }, container: { id: 'c1', image: imageName } };
const night = world.given(
  'night.jsonl',
  [
    {
      ...cartIs,
      time: time(0),
      kind: 'exec',
      exe: '/usr/bin/cart',
      args: ['cart', '--port', '8080'],
      origin: 'image',
    },
    {
      ...cartIs,
      time: time(1),
      kind: 'resolve',
      phase: 'question',
      name: 'db.corp.example',
      type: 'A',
      id: 1,
      server: '10.0.0.2',
    },
    {
      ...cartIs,
      time: time(2),
      kind: 'resolve',
      phase: 'answer',
      name: 'db.corp.example',
      type: 'A',
      id: 1,
      server: '10.0.0.2',
      answers: [{ name: 'db.corp.example', type: 'A', data: '10.0.0.9', ttl: 60 }],
    },
    { ...cartIs, time: time(3), kind: 'connect', transport: 'tcp', address: '10.0.0.9', port: 5432 },
    { ...cartIs, time: time(4), kind: 'open', path: '/srv/carts/eu/1.db', access: 'write' },
  ]
    .map((event) => JSON.stringify(event))
    .join('\n'),
);

const times = ['--issued-at', '2026-05-03T08:00:00Z'];
const database = ['--site', 'database=db.corp.example'];
const data = ['--volume', 'data=/srv/carts/'];
const bind = (out: string, ...more: readonly string[]) =>
  world.whorl(['bind', cart, '--trust', trust, '--key', siteKey, '--out', world.at(out), ...times, ...more]);
const judge = (...overlays: readonly string[]) =>
  world.whorl([
    'judge',
    night,
    '--fingerprint',
    cart,
    '--trust',
    trust,
    '--json',
    ...overlays.flatMap((o) => ['--overlay', o]),
  ]);
const drifts = (stdout: readonly string[]): unknown[] =>
  stdout
    .map((line): { type: string; drifts: { kind: string; subject: string }[] } => JSON.parse(line))
    .flatMap((line) => (line.type === 'incident' ? line.drifts.map((d) => d.subject) : []));

describe("a vendor's parameters", () => {
  it('drift while they are not bound, and are expected when they are', async () => {
    const before = await judge();
    expect(before.exitCode).toBe(1);
    expect(drifts(before.stdout)).toEqual(
      expect.arrayContaining([expect.stringContaining('db.corp.example')]),
    );
    expect(drifts(before.stdout)).toEqual(expect.arrayContaining(['/srv/carts/eu/1.db']));
    expect(before.stderr.join('\n')).toMatch(/site database .*is not bound.*\n.*volume data .*is not bound/);

    const made = await bind('o.json', ...database, ...data, '--reason', 'OPS-17');
    expect([made.exitCode, made.stderr]).toEqual([
      0,
      [
        'site database stands for db.corp.example (the port that the fingerprint names)',
        'volume data stands for /srv/carts',
      ],
    ]);
    const after = await judge(world.at('o.json'));
    expect([after.exitCode, drifts(after.stdout), after.stderr]).toEqual([
      0,
      [],
      ['warning: no --approval is given, so it is taken as one that alerts at most (NOT_APPROVED)'],
    ]);
  });

  it('are told by inspect as what stands in the overlay, unbelieved', async () => {
    await bind('seen.json', ...database, '--reason', 'OPS-17');
    const { stdout, exitCode } = await world.whorl(['inspect', world.at('seen.json')]);
    expect(exitCode).toBe(0);
    expect(stdout.join('\n')).toMatch(
      /is a signed overlay\.\nIt claims .*1 signature, not checked here\.\nIt belongs to the fingerprint sha256:.*\nReason: OPS-17\.\nsite database stands for db\.corp/,
    );
    const json = JSON.parse((await world.whorl(['inspect', world.at('seen.json'), '--json'])).stdout.join());
    expect(json.document.bindings.sites).toEqual({ database: [{ peer: 'db.corp.example' }] });
  });

  it('may be bound one by one', async () => {
    const one = await bind('one.json', ...database);
    expect(one.stderr.join('\n')).toMatch(/volume data \(where carts are kept\) is not bound/);
    await bind('two.json', ...data, '--stream', 'volumes');
    expect(drifts((await judge(world.at('one.json'))).stdout)).toEqual(['/srv/carts/eu/1.db']);
    expect((await judge(world.at('one.json'), world.at('two.json'))).exitCode).toBe(0);
  });
});

describe('judge and verify refuse', () => {
  it.each<[string, () => Promise<string>, string]>([
    [
      'an overlay that was tampered with',
      async () => {
        await bind('t.json', ...database);
        const document = JSON.parse(readFileSync(world.at('t.json'), 'utf8'));
        const payload = Buffer.from(document.payload, 'base64')
          .toString()
          .replace('db.corp.example', 'db.evil.example');
        return world.given(
          'tampered.json',
          JSON.stringify({ ...document, payload: Buffer.from(payload).toString('base64') }),
        );
      },
      'BAD_SIGNATURE',
    ],
    [
      'an overlay of another key',
      async () => {
        await world.whorl([
          'bind',
          cart,
          '--key',
          strangerKey,
          '--out',
          world.at('s.json'),
          ...times,
          ...database,
        ]);
        return world.at('s.json');
      },
      'UNKNOWN_KEY',
    ],
    [
      'an overlay of a key that only signs fingerprints',
      async () => {
        await world.whorl([
          'bind',
          cart,
          '--key',
          world.key,
          '--out',
          world.at('v.json'),
          ...times,
          ...database,
        ]);
        return world.at('v.json');
      },
      'KEY_NOT_ALLOWED',
    ],
    [
      'an overlay of another version',
      async () => {
        await world.whorl([
          'bind',
          next,
          '--key',
          siteKey,
          '--out',
          world.at('n.json'),
          ...times,
          ...database,
        ]);
        return world.at('n.json');
      },
      'BASE_MISMATCH',
    ],
    [
      'an overlay that has run out',
      async () => {
        await bind('x.json', ...database, '--expires', '2026-05-03T09:00:00Z');
        return world.at('x.json');
      },
      'EXPIRED',
    ],
    ['a fingerprint in its place', async () => cart, 'SCHEMA'],
  ])('%s', async (_what, make, code) => {
    const overlay = await make();
    const judged = await judge(overlay);
    expect([judged.exitCode, judged.stderr.join()]).toEqual([3, expect.stringContaining(`(${code})`)]);
    if (overlay === cart) return;
    const verified = await world.whorl([
      'verify',
      overlay,
      '--fingerprint',
      cart,
      '--trust',
      trust,
      '--json',
    ]);
    expect(verified.exitCode).toBe(3);
    expect(JSON.parse(verified.stdout.join())).toMatchObject({ ok: false, code });
  });

  it('an overlay alone', async () => {
    await bind('alone.json', ...database);
    const args = ['judge', night, '--fingerprint', world.at('alone.json'), '--trust', trust];
    const judged = await world.whorl(args);
    expect([judged.exitCode, judged.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/predicate\.kind: is an overlay/),
    ]);
  });
});

describe('verify of an overlay', () => {
  it('says who bound what, for which fingerprint', async () => {
    await bind(
      'w.json',
      '--site',
      'database=[FD00:0::9]:5433',
      '--site',
      'database=workload:shop/db',
      '--reason',
      'OPS-17',
    );
    const said = await world.whorl(['verify', world.at('w.json'), '--fingerprint', cart, '--trust', trust]);
    expect(said.stdout.join()).toMatch(
      /^Operations \(key .*\) signed overlay version 1 for registry\.example\/shop\/cart@sha256:.*without an end.*site database stands for \[fd00::9\]:5433 and workload:shop\/db \(the port.*Reason: OPS-17\. Belongs to sha256:/,
    );
    const told = await world.whorl(['verify', world.at('w.json'), '--trust', trust, '--json']);
    expect(JSON.parse(told.stdout.join())).toMatchObject({
      ok: true,
      kind: 'overlay',
      bindings: {
        sites: { database: [{ peer: 'fd00::9', port: 5433 }, { peer: 'workload:shop/db' }] },
        volumes: {},
      },
    });
    expect((await world.whorl(['verify', world.at('w.json'), '--key', sitePub])).exitCode).toBe(0);
  });

  it('takes an image only together with the fingerprint', async () => {
    await bind('i.json', ...database);
    const image = ['--image', `${imageName}@${baseline.subject.digest}`];
    const alone = await world.whorl(['verify', world.at('i.json'), '--trust', trust, ...image]);
    expect([alone.exitCode, alone.stderr.join()]).toEqual([2, expect.stringContaining('--fingerprint')]);
    const both = ['verify', world.at('i.json'), '--trust', trust, '--fingerprint', cart];
    expect((await world.whorl([...both, ...image])).exitCode).toBe(0);
    const other = ['--image', `${imageName}@sha256:${'0'.repeat(64)}`];
    expect((await world.whorl([...both, ...other])).exitCode).toBe(3);
  });
});

describe('bind', () => {
  it('gives the same bytes again, and with --dry-run writes nothing', async () => {
    await bind('a.json', ...database);
    await bind('b.json', ...database);
    expect(readFileSync(world.at('a.json'))).toEqual(readFileSync(world.at('b.json')));
    const dry = await bind('dry.json', ...database, '--dry-run', '--json');
    expect(existsSync(world.at('dry.json'))).toBe(false);
    expect(JSON.parse(dry.stdout.join())).toMatchObject({
      sites: { database: [{ peer: 'db.corp.example' }] },
      unbound: [{ kind: 'volume', name: 'data' }],
    });
  });

  it('warns when nobody checked the fingerprint, and refuses one that is not trusted', async () => {
    const args = ['--key', siteKey, '--out', world.at('u.json'), ...times, ...database];
    const unchecked = await world.whorl(['bind', cart, ...args]);
    expect([unchecked.exitCode, unchecked.stderr[0]]).toEqual([
      0,
      expect.stringContaining('nobody checked who signed'),
    ]);
    const foreign = world.given(
      'foreign.json',
      signFingerprint(openBaseline, signOptions, stranger).envelope,
    );
    const refused = await world.whorl(['bind', foreign, '--trust', trust, ...args]);
    expect([refused.exitCode, refused.stderr.join()]).toEqual([3, expect.stringContaining('(UNKNOWN_KEY)')]);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['nothing at all', [], /nothing was given to bind.*--site database=… \(the PostgreSQL/s],
    ['no value', ['--site', 'database'], /names no value.*write --site database=db\.example:5432/s],
    [
      'an unknown parameter',
      ['--site', 'queue=q.example'],
      /leaves no site queue open.*--site database, --volume data/s,
    ],
    ['a volume as a site', ['--site', 'data=q.example'], /leaves no site data open/],
    ['a wildcard', ['--site', 'database=*.example'], /no host name, address or workload/],
    ['a port that is none', ['--site', 'database=db.example:70000'], /70000 is no port/],
    ['a relative directory', ['--volume', 'data=srv'], /must be an absolute path/],
    ['a way out', ['--volume', 'data=/srv/../etc'], /without \/\/, \. and \.\./],
    [
      'code',
      ['--volume', 'data=/usr/share/cart'],
      /holds code that the image brought; nothing may be bound to it/,
    ],
    ['everything', ['--volume', 'data=/'], /is a tree of many owners/],
    ['secrets', ['--volume', 'data=/run/secrets'], /gives the workload or the node away/],
    [
      'an end before the beginning',
      [...database, '--expires', '2026-05-03T07:00:00Z'],
      /later than the time of signing/,
    ],
    ['version 0', [...database, '--overlay-version', '0'], /at least 1/],
  ])('refuses %s with code 2 and says what to do', async (_what, args, message) => {
    const io = await bind('no.json', ...args);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(world.at('no.json'))).toBe(false);
  });

  it('says so when the fingerprint leaves nothing open', async () => {
    const args = ['--key', siteKey, '--out', world.at('no.json')];
    const io = await world.whorl(['bind', closed, ...args]);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([
      2,
      expect.stringContaining('leaves nothing to the site'),
    ]);
  });
});
