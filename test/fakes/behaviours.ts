import fc from 'fast-check';
import { type Actor, type Behaviour, roots } from '../../fingerprint/behaviour.ts';
import { fullCoverage } from '../../fingerprint/coverage.ts';
import { accesses, origins, privileges, transports } from '../../fingerprint/event.ts';
import type { Observation } from '../../fingerprint/fingerprint.ts';
import type { LearnAbout } from '../../fingerprint/learn.ts';
import type { Subject, Workload } from '../../fingerprint/workload.ts';

/** Things tests of several rooms need: one subject, one workload, and behaviours of every kind at random. */

export const subject: Subject = { name: 'registry.example/shop/cart', digest: `sha256:${'ab'.repeat(32)}` };

export const workload: Workload = {
  cluster: 'prod',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'cart',
  role: 'main',
  subject,
};

export const observation: Observation = {
  startedAt: '2026-05-01T08:00:00Z',
  finishedAt: '2026-05-02T08:00:00Z',
  source: 'sensor',
  events: 1000,
  lost: 0,
  instances: ['i1', 'i2'],
};

export const aboutAll: LearnAbout = { coverage: fullCoverage, observation };

const { subject: _subject, ...scope } = workload;

/** Every member that a baseline may have. */
export const aboutEverything: LearnAbout = {
  ...aboutAll,
  observation: {
    ...aboutAll.observation,
    inherited: { from: `sha256:${'cd'.repeat(32)}`, programs: ['entrypoint||/app'] },
    ran: ['checkout.e2e', 'start'],
    steps: { '0123456789ab': ['checkout.e2e'], abcdef012345: ['(before the first step)', 'start'] },
  },
  phases: ['steady'],
  scope: { ...scope, entry: '0123456789abcdef' },
  parameters: [
    { kind: 'site', name: 'database', what: 'the customer’s PostgreSQL' },
    { kind: 'volume', name: 'data', what: 'where uploads are kept' },
  ],
  representativeness: [
    {
      mode: 'start',
      expects: [
        { do: 'connect', peer: 'db.shop', port: 5432 },
        { do: 'exec', exe: '/app', args: ['app'] },
        { do: 'listen', transport: 'tcp', port: 80 },
        { do: 'open', path: '/etc/app.conf', access: 'read' },
        { do: 'resolve', name: 'db.shop' },
      ],
    },
  ],
  removed: {
    programs: [
      {
        id: 'p0',
        root: 'entrypoint',
        parents: ['#entrypoint'],
        exe: '/app',
        origins: [],
        args: [],
        env: [],
        files: [{ path: '/srv/x', access: ['delete'] }],
        network: [],
        privileges: [],
      },
    ],
  },
};

const exes = ['/entry.sh', '/usr/sbin/nginx', '/bin/sh', '/usr/bin/python3', '/usr/bin/curl', '/app/server'];
const words = ['a', 'etc', 'var', 'lib', 'data', 'cache', 'proc', 'tmp', 'run', 'log', 'conf.d', 'x.so.1'];

/** Segments that generalise, segments that do not, and noise. */
const segment = fc.oneof(
  fc.constantFrom(...words),
  fc.integer({ min: 0, max: 99_999_999 }).map(String),
  fc.uuid(),
  fc.stringMatching(/^[0-9a-f]{12,64}$/),
  fc.stringMatching(/^tmp\.[A-Za-z0-9]{6,10}$/),
  fc.stringMatching(/^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d)$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((s) => s.replaceAll(/[/\0]/g, '_')),
);

/** Absolute paths, dull, placeholder-prone and strange. */
export const arbPath = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((parts) => `/${parts.join('/')}`);

const arbActor: fc.Arbitrary<Actor> = fc.record({
  root: fc.constantFrom(...roots),
  lineage: fc.array(fc.constantFrom(...exes), { minLength: 1, maxLength: 5 }),
});

const arbArg = fc.oneof(arbPath, segment, fc.constantFrom('-c', '-e', '--port=45123', 'sh', 'x=1'));
const arbPort = fc.constantFrom(0, 22, 80, 443, 8080, 32_768, 45_123, 65_535);
const arbPeer = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6(),
  arbPath,
  fc.constantFrom('localhost', '@abstract'),
);
const arbTransport = fc.constantFrom(...transports);
const optional = <K extends string, T>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
  fc.record({ [key]: value }, { requiredKeys: [] }) as fc.Arbitrary<{ [P in K]?: T }>;

const arbAct = fc.oneof(
  fc
    .tuple(
      fc.record({ kind: fc.constant('exec' as const), args: fc.array(arbArg, { maxLength: 5 }) }),
      optional('origin', fc.constantFrom(...origins)),
      optional('env', fc.uniqueArray(fc.constantFrom('LD_PRELOAD', 'NODE_OPTIONS', 'BASH_ENV'))),
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
  fc
    .tuple(
      fc.record({ kind: fc.constant('load' as const), path: arbPath }),
      optional('origin', fc.constantFrom(...origins)),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({ kind: fc.constant('open' as const), path: arbPath, access: fc.constantFrom(...accesses) }),
      optional('origin', fc.constantFrom(...origins)),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc.record({ kind: fc.constant('link' as const), path: arbPath, target: arbPath }),
  fc.record({ kind: fc.constant('delete' as const), path: arbPath }),
  fc.record({ kind: fc.constant('rename' as const), path: arbPath, to: arbPath }),
  fc
    .tuple(
      fc.record({
        kind: fc.constant('connect' as const),
        transport: arbTransport,
        peer: arbPeer,
        port: arbPort,
      }),
      optional('inward', fc.constant(true as const)),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc.record({ kind: fc.constant('listen' as const), transport: arbTransport, port: arbPort }),
  fc
    .tuple(
      fc.record({ kind: fc.constant('resolve' as const), name: fc.domain() }),
      optional('inward', fc.constant(true as const)),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({ kind: fc.constant('privilege' as const), privilege: fc.constantFrom(...privileges) }),
      optional('detail', fc.constantFrom('net', '/srv', 'pid')),
    )
    .map(([a, b]) => ({ ...a, ...b })),
);

export const arbBehaviour: fc.Arbitrary<Behaviour> = fc
  .tuple(arbActor, arbAct)
  .map(([actor, act]): Behaviour => ({ ...actor, ...act }));

export const arbBehaviours = fc.array(arbBehaviour, { maxLength: 40 });
