import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { seal } from '../fingerprint/envelope.ts';
import { privatePem } from '../fingerprint/keys.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { scopeOf } from '../fingerprint/scope.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { approvalPolicy, approver, approves, itemFor, policyWith, second } from '../test/fakes/approvals.ts';
import { workload } from '../test/fakes/behaviours.ts';
import { overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { baseline, imageName, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
const withShell = {
  ...baseline,
  behaviour: {
    programs: [
      program,
      { ...program, id: 'p1', parent: program.exe, parents: ['p0'], exe: '/bin/sh', args: [['sh']] },
    ],
  },
};
const cart = world.given('cart.intoto.json', signFingerprint(baseline, signOptions, vendor).envelope);
const signedShell = signFingerprint(withShell, { ...signOptions, stream: 'tools' }, vendor);
const tools = world.given('tools.intoto.json', signedShell.envelope);
const documentOf = (policy: Parameters<typeof trustPolicyDocument>[0]): string =>
  JSON.stringify(trustPolicyDocument(policy));
const trust = world.given('approvals.json', documentOf(approvalPolicy));
const ada = world.given('ada.key', privatePem(approver));
const grace = world.given('grace.key', privatePem(second));
const nobody = world.given('nobody.key', privatePem(stranger));
const operations = world.given('operations.key', privatePem(site));

const times = ['--issued-at', '2026-05-03T08:00:00Z'];
const approve = (files: readonly string[], out: string, ...more: readonly string[]) =>
  world.whorl([
    'approve',
    ...files,
    ...['--trust', trust, '--key', ada, '--out', world.at(out), '--mode', 'kill'],
    ...['--reason', 'CHG-4711', ...times],
    ...more,
  ]);
const told = (io: { readonly stdout: readonly string[] }) => JSON.parse(io.stdout[0] ?? '{}');

describe('whorl approve', () => {
  it('signs a decision that verify believes and judge goes by', async () => {
    const io = await approve([cart], 'cart.approval.json');
    expect([io.exitCode, io.stdout[0]]).toEqual([0, expect.stringMatching(/cart\.approval\.json sha256:/)]);
    const verified = await world.whorl(['verify', world.at('cart.approval.json'), '--trust', trust]);
    expect(verified.stdout[0]).toMatch(
      /^Ada of Security \(key .*\) approved on 2026-05-03T08:00:00Z, without an end, as version 1 of registry\.example\/shop\/cart\. .*may be killed when it drifts; later digests .* Reason: CHG-4711\. Digest sha256:/,
    );
    const json = await world.whorl(['verify', world.at('cart.approval.json'), '--trust', trust, '--json']);
    expect(told(json)).toMatchObject({
      ok: true,
      kind: 'approval',
      reason: 'CHG-4711',
      items: [{ mode: 'kill' }],
    });
    const shown = await world.whorl(['inspect', world.at('cart.approval.json')]);
    expect(shown.stdout[0]).toMatch(/is a signed approval\.$/);
  });

  it('shows what it is before the key is opened', async () => {
    const io = await approve([tools], 'shown.json', '--key', world.at('missing.key'));
    expect(io.exitCode).toBe(2);
    const said = io.stderr.join('\n');
    expect(said).toContain(`version 7 of tools, signed by Shop Inc, fingerprint ${signedShell.digest}`);
    expect(said).toContain('2 programs,');
    expect(said).toContain('inert until now, granted by this: `/bin/sh` below `/usr/bin/cart` runs `sh`');
    expect(said).toContain('lint high: a shell or interpreter may run without a script: `sh` takes code');
    expect(said).toMatch(/missing\.key/);
    expect(existsSync(world.at('shown.json'))).toBe(false);
  });

  it('tells every entry that it makes count, and of a great many where to read them', async () => {
    const shells = Array.from({ length: 230 }, (_, i) => ['sh', `/opt/${i}.sh`]);
    const [first, sh] = withShell.behaviour.programs;
    if (first === undefined || sh === undefined) throw new Error('there are two programs');
    const behaviour = { programs: [first, { ...sh, args: shells }] };
    const signed = signFingerprint({ ...baseline, behaviour }, { ...signOptions, stream: 'many' }, vendor);
    const file = world.given('many.json', signed.envelope);
    const granted = async (...more: readonly string[]) =>
      (await approve([file], 'many.out.json', ...more)).stderr.filter((s) => s.includes('granted by this'));
    const told = await granted();
    expect(told).toHaveLength(201);
    expect(told.at(-1)).toBe(
      '  inert until now, granted by this: and 30 more: the same with --dry-run lists every one',
    );
    expect(await granted('--dry-run')).toHaveLength(230);
  });

  it('takes many at once, under one signature, in a stream of their own', async () => {
    const io = await approve([cart, tools], 'both.json', '--json');
    const { stream, items, version } = told(io);
    expect([stream, items.length, version]).toEqual([expect.stringMatching(/^list\/[0-9a-f]{12}$/), 2, 1]);
    const other = await approve([tools, cart], 'again.json', '--json');
    expect(told(other).stream).toBe(stream);
    expect(told(other).digest).toBe(told(io).digest);
  });

  it('keeps decisions about different scopes apart', async () => {
    const scoped = [
      '--cluster',
      'eu',
      '--namespace',
      'shop',
      '--namespace',
      'pay',
      '--owner',
      'shop/Deployment/cart',
    ];
    const io = await approve([cart], 'scoped.json', ...scoped, '--json', '--carry', 'digest');
    expect(told(io)).toMatchObject({
      stream: expect.stringMatching(/^registry\.example\/shop\/cart#[0-9a-f]{12}$/),
      items: [
        {
          carry: 'digest',
          scope: { clusters: ['eu'], namespaces: ['shop', 'pay'], owners: ['shop/Deployment/cart'] },
        },
      ],
    });
    expect(io.stderr.join('\n')).toContain(
      'in cluster eu, namespace shop or pay, owner shop/Deployment/cart; later digests need an approval of their own',
    );
  });

  it('writes the next version over an earlier one', async () => {
    await approve([cart], 'next.json');
    expect(told(await approve([cart], 'next.json', '--mode', 'alert', '--json')).version).toBe(2);
    expect(told(await approve([cart], 'next.json', '--approval-version', '9', '--json')).version).toBe(9);
  });

  it('counts on from no version that the policy does not believe', async () => {
    await approve([cart], 'jumped.json');
    const given = readFileSync(world.at('jumped.json'));
    const { payload, payloadType } = JSON.parse(given.toString());
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
    statement.predicate.version = 2 ** 53 - 3;
    const forged = seal(payloadType, Buffer.from(canonicalBytes(statement)), [stranger]);
    world.given('jumped.json', forged);
    const io = await approve([cart], 'jumped.json');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([
      3,
      expect.stringMatching(/jumped\.json.*UNKNOWN_KEY.*--approval-version/),
    ]);
    expect(readFileSync(world.at('jumped.json'))).toEqual(Buffer.from(forged));
    expect((await approve([cart], 'jumped.json', '--approval-version', '2')).exitCode).toBe(0);
  });

  it('counts on from one that has ended', async () => {
    const options = { stream: imageName, version: 4, expiresAt: '2026-05-03T07:00:00Z' };
    world.given('ended.json', approves([itemFor(signedShell.digest)], options).envelope);
    expect(told(await approve([cart], 'ended.json', '--json')).version).toBe(5);
  });

  it('never over something else', async () => {
    const kept = readFileSync(cart);
    const io = await approve([cart], 'cart.intoto.json');
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringContaining('holds no approval')]);
    expect(readFileSync(cart)).toEqual(kept);
  });

  it('names an overlay that was looked at together', async () => {
    const files = program.files;
    const remove = {
      programs: [{ ...program, origins: [], args: [], env: [], network: [], privileges: [], files }],
    };
    const { digest } = signFingerprint(baseline, signOptions, vendor);
    const content = { ...overlayFor(digest), bindings: { sites: new Map(), volumes: new Map() }, remove };
    const signed = signOverlay(content, overlayOptions, site);
    const file = world.given('narrow.json', signed.envelope);
    const io = await approve([cart], 'together.json', '--overlay', file, '--json');
    expect(told(io).items[0].overlays).toEqual([signed.digest]);
    expect(io.stderr.join('\n')).toContain('granted no more: `/usr/bin/cart` reads `/etc/cart.conf`');
    const missing = await approve([tools], 'missing-base.json', '--overlay', file);
    expect([missing.exitCode, missing.stderr.at(-1)]).toEqual([3, expect.stringContaining('BASE_MISSING')]);
  });

  it('writes and hands over nothing in a dry run', async () => {
    const io = await approve([cart], 'dry.json', '--dry-run', '--push');
    expect([io.exitCode, existsSync(world.at('dry.json'))]).toEqual([0, false]);
    expect(io.stderr.at(-1)).toMatch(/^would write .*dry\.json and hand it to the collector$/);
  });

  it('goes no further than the rule, and says so', async () => {
    const frozen = world.given('frozen.json', documentOf(policyWith({ maxMode: 'freeze' })));
    const io = await approve([cart], 'frozen.out.json', '--trust', frozen);
    expect(io.stderr.join('\n')).toContain('goes no further than freeze here, because of rule default');
  });

  it.each<[string, readonly string[], number, string]>([
    ['by a key that may not', ['--key', nobody], 3, 'UNKNOWN_KEY'],
    ['by one that may only add overlays', ['--key', operations], 3, 'KEY_NOT_ALLOWED'],
    ['with a mode nobody knows', ['--mode', 'stop'], 2, '--mode must be one of observe, alert, freeze, kill'],
    ['with another way to carry', ['--carry', 'all'], 2, '--carry must be one of repository, digest'],
    ['with a version that is none', ['--approval-version', '0'], 2, '--approval-version'],
    ['that is over before it begins', ['--expires', '2026-05-01T00:00:00Z'], 2, '--expires'],
    ['with a secret in its reason', ['--reason', 'password=hunter2hunter2'], 2, 'SECRET_FOUND'],
  ])('%s is refused and writes nothing', async (_what, more, code, words) => {
    const io = await approve([cart], 'refused.json', ...more);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringContaining(words)]);
    expect(existsSync(world.at('refused.json'))).toBe(false);
  });

  it('the same one twice is refused', async () => {
    const io = await approve([cart, cart], 'twice.json');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([2, expect.stringContaining('is named twice')]);
  });

  it('a fingerprint that nobody trusted signed is not approved', async () => {
    const forged = world.given('forged.json', signFingerprint(baseline, signOptions, stranger).envelope);
    const io = await approve([cart, forged], 'forged.out.json');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([3, expect.stringContaining('forged.json')]);
  });

  it('what a collector learned is not raised beyond alert', async () => {
    const learner = testKey(5);
    const options = { workload: 'ab', version: 1, issuedAt: signOptions.issuedAt };
    const { envelope } = signProvisional({ ...baseline, scope: scopeOf(workload) }, options, learner);
    const learned = world.given('learned.json', envelope);
    const id = learner.publicKey.keyId;
    const by = world.given(
      'learners.json',
      documentOf({
        ...approvalPolicy,
        keys: new Map([...approvalPolicy.keys, [id, { key: learner.publicKey, owner: 'collector' }]]),
        learnerKeys: [learner.publicKey],
      }),
    );
    const io = await approve([learned], 'learned.out.json', '--trust', by);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([
      2,
      expect.stringContaining('never goes beyond alert'),
    ]);
    expect((await approve([learned], 'learned.out.json', '--trust', by, '--mode', 'alert')).exitCode).toBe(0);
  });

  it('tells that another signature is needed, and countersigning completes it', async () => {
    const approvers = { keys: [approver, second].map((k) => k.publicKey.keyId), threshold: 2 };
    const two = world.given('two.json', documentOf(policyWith({ approve: approvers })));
    const out = world.at('first.json');
    const io = await approve([cart], 'first.json', '--trust', two);
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([0, expect.stringContaining('have it countersigned')]);
    expect((await world.whorl(['verify', out, '--trust', two])).exitCode).toBe(3);
    await world.whorl(['sign', out, '--key', grace, '--out', out]);
    expect((await world.whorl(['verify', out, '--trust', two])).exitCode).toBe(0);
  });
});

describe('--push', () => {
  it('hands the very bytes to the collector', async () => {
    const directory = world.at('data');
    await mkdir(join(directory, 'collector'), { recursive: true });
    const received: Buffer[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => received.push(part));
      request.on('end', () => response.end('{"digest":"x"}'));
    });
    await new Promise<void>((resolve) =>
      server.listen(join(directory, 'collector', 'collector.sock'), resolve),
    );
    const io = await approve([cart], 'pushed.json', '--push', '--data-dir', directory);
    await new Promise((resolve) => server.close(resolve));
    expect(io.exitCode).toBe(0);
    // The fingerprint first: an approval of what no agent has decides nothing.
    expect(Buffer.concat(received)).toEqual(
      Buffer.concat([cart, world.at('pushed.json')].map((path) => readFileSync(path))),
    );
  });

  it('without a collector says that the file is written', async () => {
    const io = await approve([cart], 'alone.json', '--push', '--data-dir', world.at('nothing'));
    expect([io.exitCode, existsSync(world.at('alone.json'))]).toEqual([5, true]);
    expect(io.stderr.join('\n')).toContain('it is written, but no collector runs');
  });
});

describe('an approved fingerprint', () => {
  it('judges without what was inert before, and without the warning', async () => {
    const events = world.given(
      'shell.jsonl',
      [
        { exe: '/usr/bin/cart', args: ['cart', '--port', '8080'], process: { pid: 7, start: 1 } },
        { exe: '/bin/sh', args: ['sh'], process: { pid: 8, start: 2 }, parent: { pid: 7, start: 1 } },
      ]
        .map((event, i) =>
          JSON.stringify({
            ...event,
            time: `2026-05-03T10:00:0${i}Z`,
            kind: 'exec',
            origin: 'image',
            container: { id: 'c1', image: imageName },
          }),
        )
        .join('\n'),
    );
    const judge = (...more: readonly string[]) =>
      world.whorl(['judge', events, '--fingerprint', tools, '--trust', trust, ...more]);
    await approve([tools], 'tools.approval.json', '--mode', 'alert');
    const before = await judge();
    expect(before.exitCode).toBe(1);
    expect(before.stderr).toEqual([
      'warning: no --approval is given, so it is taken as one that alerts at most (NOT_APPROVED)',
      'warning: inert until the site approves it: `/bin/sh` below `/usr/bin/cart` runs `sh`',
    ]);
    const after = await judge('--approval', world.at('tools.approval.json'));
    expect([after.exitCode, after.stderr]).toEqual([0, []]);
    await approve([tools], 'tools.eu.json', '--mode', 'alert', '--cluster', 'eu');
    const scoped = await judge('--approval', world.at('tools.eu.json'));
    expect([scoped.exitCode, scoped.stderr.at(-1)]).toEqual([
      1,
      'warning: it is approved in cluster eu alone, and the events do not say that they are of there',
    ]);
    const narrow = await judge('--approval', cart);
    expect([narrow.exitCode, narrow.stderr.at(-1)]).toEqual([3, expect.stringContaining('PREDICATE_TYPE')]);
  });
});
