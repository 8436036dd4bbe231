import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seal } from '../fingerprint/envelope.ts';
import type { Drift } from '../fingerprint/incident.ts';
import { privatePem } from '../fingerprint/keys.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { approvalPolicy, approver, policyWith } from '../test/fakes/approvals.ts';
import { workload } from '../test/fakes/behaviours.ts';
import { IncidentSite } from '../test/fakes/incident-site.ts';
import { site as siteKey } from '../test/fakes/overlays.ts';
import { baseline, imageName, signOptions, testKey, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

const signedCart = signFingerprint(baseline, signOptions, vendor);
const cart = world.given('cart.intoto.json', signedCart.envelope);
const trust = world.given('site.policy.json', JSON.stringify(trustPolicyDocument(approvalPolicy)));
const operations = world.given('operations.key', privatePem(siteKey));
const ada = world.given('ada.key', privatePem(approver));

const container = { id: 'c1', image: imageName, namespace: 'shop', owner: 'Deployment/cart', name: 'cart' };
const lines = (...events: readonly object[]): string =>
  events
    .map((event, i) =>
      JSON.stringify({
        process: { pid: 7, start: 1 },
        container,
        ...event,
        time: `2026-05-03T10:00:${String(i).padStart(2, '0')}Z`,
      }),
    )
    .join('\n');
const started = { kind: 'exec', exe: '/usr/bin/cart', args: ['cart', '--port', '8080'], origin: 'image' };
const open = (path: string, access = 'write'): object => ({ kind: 'open', path, access });
const helper = {
  kind: 'exec',
  exe: '/usr/bin/backup',
  args: ['backup', '--all'],
  origin: 'image',
  process: { pid: 8, start: 2 },
  parent: { pid: 7, start: 1 },
};
const night = world.given(
  'night.jsonl',
  lines(started, open('/srv/new.db'), helper, { ...open('/srv/by-helper'), process: { pid: 8, start: 2 } }),
);
const grave = world.given(
  'grave.jsonl',
  lines(started, open('/srv/new.db'), { ...helper, exe: '/tmp/miner', args: ['miner'], origin: 'upper' }),
);

const times = ['--issued-at', '2026-05-03T08:00:00Z'];
const accept = (out: string, ...more: readonly string[]) =>
  world.whorl([
    'accept',
    cart,
    ...['--trust', trust, '--key', operations, '--out', world.at(out), '--reason', 'CHG-1', ...times],
    ...more,
  ]);
const fromNight = ['--from', night, '--cluster', 'prod'];
const told = (io: { readonly stdout: readonly string[] }) => JSON.parse(io.stdout[0] ?? '{}');
const judged = async (events: string, ...overlays: readonly string[]): Promise<number> => {
  const given = overlays.flatMap((o) => ['--overlay', world.at(o)]);
  return (await world.whorl(['judge', events, '--fingerprint', cart, '--trust', trust, ...given])).exitCode;
};

describe('whorl accept', () => {
  it('grants what drifted, so that it drifts no more', async () => {
    expect(await judged(night)).toBe(1);
    const io = await accept('night.overlay.json', ...fromNight);
    expect([io.exitCode, io.stdout[0]]).toEqual([0, expect.stringMatching(/night\.overlay\.json sha256:/)]);
    expect(await judged(night, 'night.overlay.json')).toBe(0);
  });

  it('says each grant in a sentence, and to whom, before the key is opened', async () => {
    const io = await accept('said.json', ...fromNight, '--key', world.at('missing.key'));
    expect(io.stderr.filter((line) => /^(grants|to )/.test(line))).toEqual([
      'grants: `/usr/bin/cart` writes `/srv/new.db`',
      'grants: `/usr/bin/backup` below `/usr/bin/cart` runs `backup --all`',
      'grants: `/usr/bin/backup` below `/usr/bin/cart` runs from the image',
      'grants: `/usr/bin/backup` below `/usr/bin/cart` writes `/srv/by-helper`',
      'to the copies of shop/Deployment/cart, container cart, in cluster prod',
    ]);
    expect([io.exitCode, existsSync(world.at('said.json'))]).toEqual([2, false]);
  });

  it('gives it to the owner it was observed at, in a stream of its own', async () => {
    const io = await accept('owner.json', ...fromNight, '--json');
    expect(told(io)).toMatchObject({
      base: signedCart.digest,
      version: 1,
      stream: expect.stringMatching(/^registry\.example\/shop\/cart#accepted\/[0-9a-f]{12}$/),
      scope: {
        cluster: 'prod',
        namespace: 'shop',
        owner: 'Deployment/cart',
        container: 'cart',
        role: 'main',
      },
      grants: [{ sentence: '`/usr/bin/cart` writes `/srv/new.db`' }, {}, {}, {}],
    });
  });

  it('to everybody only when that is said', async () => {
    const io = await accept('everywhere.json', '--from', night, '--everywhere', '--json');
    expect(told(io).scope).toBeUndefined();
    expect(io.stderr).toContain('to all copies of the image, whoever runs them');
    const unsaid = await accept('unsaid.json', '--from', night);
    expect([unsaid.exitCode, unsaid.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('--cluster NAME'),
    ]);
  });

  it('grants one thing alone, by its subject', async () => {
    const io = await accept('one.json', ...fromNight, '--only', '/srv/new.db', '--json');
    expect(told(io).grants.map((g: { sentence: string }) => g.sentence)).toEqual([
      '`/usr/bin/cart` writes `/srv/new.db`',
    ]);
    expect(await judged(night, 'one.json')).toBe(1);
    const nobody = await accept('none.json', ...fromNight, '--only', '/srv/other');
    expect([nobody.exitCode, nobody.stderr.join(' ')]).toEqual([2, expect.stringContaining('/srv/other')]);
  });

  it('grants a pattern only as a choice of its own, and only one with an anchor', async () => {
    const io = await accept(
      'wide.json',
      ...fromNight,
      '--only',
      '/srv/new.db',
      '--as',
      '/srv/new.db=/srv/{any}',
    );
    expect(io.stderr).toContain('grants: `/usr/bin/cart` writes any name in `/srv` (data directory)');
    const other = world.given('other.jsonl', lines(started, open('/srv/another.db')));
    expect([await judged(other), await judged(other, 'wide.json')]).toEqual([1, 0]);
    for (const [pattern, words] of [
      ['/{any}', 'first directory is not literal'],
      ['/srv/../{any}', 'first directory is not literal'],
      ['/data/{any}', 'does not take it in'],
      ['', 'SUBJECT=PATTERN'],
    ] as const) {
      const bad = await accept(
        'bad.json',
        ...fromNight,
        '--only',
        '/srv/new.db',
        '--as',
        `/srv/new.db=${pattern}`,
      );
      expect([bad.exitCode, bad.stderr.join(' ')]).toEqual([2, expect.stringContaining(words)]);
    }
    const unknown = await accept('bad.json', ...fromNight, '--as', '/srv/x=/srv/{any}');
    expect([unknown.exitCode, unknown.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('no file that is'),
    ]);
  });

  it('until a date, after which it is granted no more', async () => {
    const io = await accept('june.json', ...fromNight, '--until', '2026-06-01T00:00:00Z');
    expect(io.exitCode).toBe(0);
    expect(await judged(night, 'june.json')).toBe(0);
    const late = { now: () => Date.parse('2026-06-01T00:00:01Z') };
    const args = [
      'judge',
      night,
      '--fingerprint',
      cart,
      '--trust',
      trust,
      '--overlay',
      world.at('june.json'),
    ];
    expect((await world.whorl(args, late)).exitCode).toBe(3);
    const past = await accept('past.json', ...fromNight, '--until', '2026-05-01T00:00:00Z');
    expect([past.exitCode, past.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('--until must be later'),
    ]);
  });

  it('comes to what an earlier version of the file granted', async () => {
    await accept('grown.json', ...fromNight, '--only', '/srv/new.db');
    const io = await accept('grown.json', ...fromNight, '--json', '--overlay', world.at('grown.json'));
    expect(told(io)).toMatchObject({ version: 2, grants: [{}, {}, {}, {}] });
    const other = await accept('grown.json', '--from', night, '--everywhere');
    expect([other.exitCode, other.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('is for other copies'),
    ]);
    const until = await accept('grown.json', ...fromNight, '--until', '2026-06-01T00:00:00Z');
    expect([until.exitCode, until.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('ends at another time'),
    ]);
    const kept = readFileSync(cart);
    const over = await accept('cart.intoto.json', ...fromNight);
    expect([over.exitCode, readFileSync(cart)]).toEqual([2, kept]);
  });

  it('never signs what somebody else wrote into the file', async () => {
    await accept('mixed.json', ...fromNight, '--only', '/srv/new.db');
    const { payload, payloadType } = JSON.parse(readFileSync(world.at('mixed.json'), 'utf8'));
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
    statement.predicate.add.programs[0].files[0].path = '/etc/shadow';
    const forged = Buffer.from(JSON.stringify(statement));
    const envelope = seal(payloadType, forged, [testKey(9)]);
    world.given('mixed.json', envelope);
    const io = await accept('mixed.json', ...fromNight, '--only', '/srv/by-helper');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([3, expect.stringMatching(/mixed\.json.*UNKNOWN_KEY/)]);
    expect(readFileSync(world.at('mixed.json'))).toEqual(Buffer.from(envelope));
  });

  it('shows what the earlier version grants, for it is signed again', async () => {
    await accept('again.json', ...fromNight, '--only', '/srv/new.db');
    const io = await accept('again.json', ...fromNight, '--overlay', world.at('again.json'));
    expect(io.stderr).toContain('  granted besides: `/usr/bin/cart` writes `/srv/new.db`');
  });

  it('has nothing to grant where nothing drifts', async () => {
    const quiet = world.given('quiet.jsonl', lines(started));
    const io = await accept('quiet.json', '--from', quiet, '--cluster', 'prod');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([2, expect.stringContaining('nothing drifts')]);
  });

  it.each<[string, readonly string[], number, string]>([
    ['from nowhere', [], 2, 'give --from EVENTS or --incident ID'],
    ['from both', [...fromNight, '--incident', 'ab'], 2, 'give --from EVENTS or --incident ID'],
    ['by a key that may not', [...fromNight, '--key', ada], 3, 'KEY_NOT_ALLOWED'],
  ])('%s is refused', async (_what, more, code, words) => {
    const io = await accept('refused.json', ...more);
    expect([io.exitCode, io.stderr.join(' ')]).toEqual([code, expect.stringContaining(words)]);
    expect(existsSync(world.at('refused.json'))).toBe(false);
  });

  it('by a policy that lets overlays add less is refused', async () => {
    const overlay = { keys: [siteKey.publicKey.keyId], threshold: 1, mayWiden: ['files.write'] as const };
    const narrow = world.given(
      'narrow.policy.json',
      JSON.stringify(trustPolicyDocument(policyWith({ overlay }))),
    );
    const io = await accept('narrow.json', ...fromNight, '--trust', narrow);
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([3, expect.stringContaining('adds programs')]);
    const one = await accept('narrow.json', ...fromNight, '--trust', narrow, '--only', '/srv/new.db');
    expect(one.exitCode).toBe(0);
  });
});

describe('what is never learnable', () => {
  const fromGrave = ['--from', grave, '--cluster', 'prod'];

  it('is left out unless it is named', async () => {
    const io = await accept('grave.json', ...fromGrave, '--json');
    expect(told(io).grants).toHaveLength(1);
    expect(told(io).leftOut).toEqual([expect.stringContaining('is never learnable; grant it by name')]);
    expect(await judged(grave, 'grave.json')).toBe(1);
  });

  it('is granted by its key, without an end', async () => {
    const key =
      /--only ([0-9a-f]{12})/.exec((await accept('grave.json', ...fromGrave)).stderr.join(' '))?.[1] ?? '';
    rmSync(world.at('grave.json'));
    const io = await accept('named.json', ...fromGrave, '--only', key, '--json');
    expect(told(io).grants.map((g: { sentence: string }) => g.sentence)).toEqual([
      '`/tmp/miner` below `/usr/bin/cart` runs `miner`',
      '`/tmp/miner` below `/usr/bin/cart` runs from a file written into the container',
    ]);
    const until = await accept('until.json', ...fromGrave, '--only', key, '--until', '2026-06-01T00:00:00Z');
    expect([until.exitCode, until.stderr.join(' ')]).toEqual([
      2,
      expect.stringMatching(/cannot be accepted until a date.*grant it by name and without --until/),
    ]);
  });

  it('a file that is called like a pattern never is', async () => {
    const posing = world.given('posing.jsonl', lines(started, open('/srv/{any}')));
    const io = await accept('posing.json', '--from', posing, '--cluster', 'prod');
    expect([io.exitCode, io.stderr.join(' ')]).toEqual([
      2,
      expect.stringContaining('is named like a pattern'),
    ]);
  });
});

describe('--incident', () => {
  const drift = (act: Drift['act'], more: Partial<Drift> = {}): Drift => ({
    root: 'entrypoint',
    lineage: ['/usr/bin/cart'],
    key: 'ab'.repeat(32),
    kind: act?.kind ?? 'exec',
    because: 'new-peer',
    subject: 'x',
    ...(act === undefined ? {} : { act }),
    severity: 'medium',
    count: 1,
    first: 1,
    last: 2,
    process: { pid: 7, start: 1 },
    ...more,
  });
  const redis = drift({ kind: 'connect', transport: 'tcp', peer: 'redis.shop', port: 6379 });
  const whose = { workload: { ...workload, subject: baseline.subject } };
  let site: IncidentSite;
  beforeEach(async () => {
    site = await new IncidentSite().start();
  });
  afterEach(() => site.stop());
  const acceptAt = (out: string, incident: string, ...more: readonly string[]) =>
    accept(out, '--incident', incident, '--data-dir', site.dir, '--json', ...more);

  it('grants what all its copies showed to whose it is, and says what they do not show', async () => {
    const unkept = drift(undefined, { key: 'cd'.repeat(32) });
    await site.tells('n1', 'p1', [redis], whose);
    const { incident } = await site.tells('n2', 'p2', [redis, unkept], { ...whose, more: 3 });
    const io = await acceptAt('incident.json', incident.slice(0, 12));
    expect(told(io)).toMatchObject({
      scope: { cluster: 'prod', namespace: 'shop', owner: 'Deployment/cart' },
      grants: [{ sentence: '`/usr/bin/cart` connects to `redis.shop:6379`' }],
      leftOut: [expect.stringContaining('too long to be kept whole')],
    });
    expect(io.stderr).toContain('left out: 3 more drifts, which the incident only counts');
  });

  it('closes it once that is handed over, with what was signed and until when', async () => {
    for (const [pod, more, act] of [
      ['p1', [], { act: 'approved' }],
      ['p2', ['--until', '2026-07-01T00:00:00Z'], { act: 'accepted', until: Date.UTC(2026, 6, 1) }],
    ] as const) {
      const peer = { kind: 'connect', transport: 'tcp', peer: `${pod}.shop`, port: 6379 } as const;
      const one = drift(peer, { key: pod.padEnd(64, '0').replace('p', 'a') });
      const { incident } = await site.tells('n1', pod, [one], whose);
      const before = await acceptAt(`${pod}.json`, incident, ...more);
      expect([before.exitCode, (await site.incidents.get(incident))?.state]).toEqual([0, 'open']);
      const io = await acceptAt(`${pod}.json`, incident, '--push', ...more);
      expect(io.stderr.at(-1)).toContain(`is closed as ${act.act}; whorl incidents undo opens it again`);
      expect(await site.incidents.get(incident)).toMatchObject({
        state: 'closed',
        history: [{ ...act, author: 'local:ada', reason: 'CHG-1', document: told(io).digest }],
      });
    }
    expect(site.pushed).toHaveLength(2);
  });

  it.each([
    ['a part of it is not granted', [redis, drift(undefined, { key: 'cd'.repeat(32) })], []],
    ['that is asked for', [redis], ['--no-review']],
  ])('leaves it open where %s', async (_, drifts, more) => {
    const { incident } = await site.tells('n1', 'p1', drifts, whose);
    const io = await acceptAt('part.json', incident, '--push', ...more);
    expect([io.exitCode, site.pushed.length]).toEqual([0, 1]);
    expect(await site.incidents.get(incident)).toMatchObject({ state: 'open', history: [] });
  });

  it('of another image is refused, and so is an id that names none or two', async () => {
    const subject = { ...baseline.subject, name: 'other.example/x' };
    const other = await site.tells('n1', 'p1', [redis], { workload: { ...workload, subject } });
    await site.tells('n1', 'p2', [redis], whose);
    for (const [id, words] of [
      [other.incident, 'which the fingerprint is not about'],
      ['ee', 'no incident has an id'],
      ['6e', 'more than one incident'],
    ] as const) {
      const io = await acceptAt('no.json', id);
      expect([io.exitCode, io.stderr.join(' ')]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  it('is opened again by the revert of what closed it, unless a person decided since', async () => {
    const { incident } = await site.tells('n1', 'p1', [redis], whose);
    await acceptAt('granted.json', incident, '--push');
    const revert = (out: string, ...more: readonly string[]) =>
      world.whorl([
        ...['revert', world.at('granted.json'), '--key', operations, '--reason', 'INC-7'],
        ...['--out', world.at(out), '--issued-at', '2026-05-03T09:00:00Z', '--data-dir', site.dir, ...more],
      ]);
    expect((await revert('unsaid.json')).exitCode).toBe(0);
    expect(await site.incidents.get(incident)).toMatchObject({ state: 'closed' });
    const io = await revert('reverted.json', '--push');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([
      0,
      `the incident ${incident.slice(0, 12)} that it had closed is open again`,
    ]);
    expect(await site.incidents.get(incident)).toMatchObject({
      state: 'open',
      history: [{ act: 'approved' }, { act: 'undone', reason: 'INC-7' }],
    });
    const version = 3;
    const by = { author: 'grace', reason: 'harmless', version };
    await site.incidents.review(incident, { act: 'false-positive', ...by });
    await revert('again.json', '--push');
    expect(await site.incidents.get(incident)).toMatchObject({ disposition: 'false-positive' });
  });

  it('without a collector says what to do', async () => {
    const io = await accept('alone.json', '--incident', 'cd', '--data-dir', world.at('nothing'));
    expect([io.exitCode, io.stderr.join(' ')]).toEqual([4, expect.stringContaining('no collector runs')]);
  });
});
