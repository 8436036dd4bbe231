import fc from 'fast-check';
import { accesses, type Event, origins, privileges, transports } from '../../fingerprint/event.ts';
import { arbPath } from './behaviours.ts';

/** Normalised events of every kind at random, with and without each optional member. */

const arbProcess = fc.record({ pid: fc.nat(0x7fff_ffff), start: fc.maxSafeNat() });
const arbTime = fc.integer({ min: 0, max: 4_102_444_800_000_000 });
const text = fc.string({ maxLength: 20 }).map((s) => s.replaceAll('\0', '0'));
const port = fc.nat(65_535);

const arbBase = fc.record(
  {
    time: arbTime,
    process: arbProcess,
    parent: arbProcess,
    cgroup: fc.maxSafeNat(),
    container: fc.record(
      { id: text, name: text, image: text, digest: text, namespace: text, pod: text, owner: text },
      { requiredKeys: ['id'] },
    ),
    found: fc.constant(true as const),
    truncated: fc.constant(true as const),
    error: fc.integer({ min: 1, max: 4095 }),
  },
  { requiredKeys: ['time', 'process'] },
);

const arbAnswer = fc.record({
  name: text,
  type: fc.constantFrom('A', 'AAAA', 'CNAME'),
  data: text,
  ttl: fc.nat(0xffff),
});

const kind = <K extends string>(k: K): fc.Arbitrary<K> => fc.constant(k);
const socket = { transport: fc.constantFrom(...transports), address: text, port };

const arbFacts = fc.oneof(
  fc.record({ kind: kind('fork'), child: arbProcess }),
  fc.record(
    {
      kind: kind('exec'),
      exe: arbPath,
      file: arbPath,
      args: fc.array(text),
      cwd: arbPath,
      origin: fc.constantFrom(...origins),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      env: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['kind', 'exe', 'args'] },
  ),
  fc.record(
    { kind: kind('exit'), code: fc.nat(255), signal: fc.integer({ min: 1, max: 64 }) },
    { requiredKeys: ['kind', 'code'] },
  ),
  fc.record(
    { kind: kind('load'), path: arbPath, origin: fc.constantFrom(...origins) },
    { requiredKeys: ['kind', 'path'] },
  ),
  fc.record(
    {
      kind: kind('open'),
      path: arbPath,
      access: fc.constantFrom(...accesses),
      origin: fc.constantFrom(...origins),
      via: text,
    },
    { requiredKeys: ['kind', 'path', 'access'] },
  ),
  fc.record({ kind: kind('link'), path: arbPath, target: arbPath, symbolic: fc.boolean() }),
  fc.record({ kind: kind('delete'), path: arbPath }),
  fc.record({ kind: kind('rename'), path: arbPath, to: arbPath }),
  fc.record(
    { kind: kind('connect'), ...socket, via: text },
    { requiredKeys: ['kind', 'transport', 'address', 'port'] },
  ),
  fc.record({ kind: kind('listen'), ...socket }),
  fc.record({ kind: kind('accept'), ...socket }),
  fc.record(
    {
      kind: kind('resolve'),
      phase: fc.constantFrom('question', 'answer'),
      name: text,
      type: fc.constantFrom('A', 'TXT', 'TYPE65'),
      id: fc.nat(65_535),
      server: fc.ipV4(),
      answers: fc.array(arbAnswer, { maxLength: 3 }),
    },
    { requiredKeys: ['kind', 'phase', 'name', 'type', 'id', 'server'] },
  ),
  fc.record(
    { kind: kind('privilege'), privilege: fc.constantFrom(...privileges), detail: text },
    { requiredKeys: ['kind', 'privilege'] },
  ),
  fc.record({
    kind: kind('cgroup'),
    action: fc.constantFrom('found', 'made', 'removed'),
    id: fc.maxSafeNat(),
    path: arbPath,
  }),
  fc.record({ kind: kind('attach'), to: fc.maxSafeNat(), path: arbPath }, { requiredKeys: ['kind', 'to'] }),
  fc.record({ kind: kind('gap'), since: arbTime, until: arbTime, lost: fc.nat(), reason: text }),
);

export const arbEvent: fc.Arbitrary<Event> = fc
  .tuple(arbBase, arbFacts)
  .map(([base, facts]): Event => ({ ...base, ...facts }));
