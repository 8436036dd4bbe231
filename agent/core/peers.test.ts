import { describe, expect, it } from 'vitest';
import type { Actor } from '../../fingerprint/behaviour.ts';
import type { DnsAnswer, EventOf } from '../../fingerprint/event.ts';
import type { PeerDirectory } from './address-book.ts';
import { type AnswerIs, PeerNames, type PeerSources } from './peers.ts';
import type { Surroundings } from './surroundings.ts';

const sec = 1_000_000;
const minute = 60 * sec;
const server: Actor = { root: 'entrypoint', lineage: ['/usr/bin/server'] };
const fetcher: Actor = { root: 'entrypoint', lineage: ['/usr/bin/server', '/usr/bin/fetch'] };

type Resolve = EventOf<'resolve'>;

function question(name: string, more: Partial<Resolve> = {}): Resolve {
  return {
    time: 0,
    process: { pid: 1, start: 1 },
    kind: 'resolve',
    phase: 'question',
    name,
    type: 'A',
    id: 7,
    server: '10.0.0.2',
    ...more,
  };
}

function answer(name: string, answers: readonly DnsAnswer[], more: Partial<Resolve> = {}): Resolve {
  return question(name, { phase: 'answer', answers, time: sec, ...more });
}

const a = (data: string, more: Partial<DnsAnswer> = {}): DnsAnswer => ({
  name: 'api.example',
  type: 'A',
  data,
  ttl: 60,
  ...more,
});

/** A book with one question asked and answered. */
function asked(
  name: string,
  data: string,
  options: { by?: Actor; time?: number; ttl?: number; peers?: PeerNames } = {},
): PeerNames {
  const { by = server, time = 0, ttl = 60, peers = new PeerNames() } = options;
  peers.asked(question(name, { time }), by);
  peers.answered(answer(name, [{ name, type: 'A', data, ttl }], { time }));
  return peers;
}

const surroundings = (more: Partial<Surroundings>): PeerSources => ({
  surroundings: () => ({ resolvers: ['10.0.0.2'], search: [], addresses: [], ...more }),
});

const called = (peers: PeerNames, address: string, time = 2 * sec, by = server): string =>
  peers.peerOf(address, time, by).peer;

describe('which answer counts', () => {
  it('names an address after the question its answer belongs to', () => {
    const peers = new PeerNames();
    peers.asked(question('API.example.'), server);
    expect(peers.answered(answer('api.example', [a('192.0.2.1')]))).toBe('answer');
    expect(peers.peerOf('192.0.2.1', 2 * sec, server)).toEqual({ peer: 'api.example' });
    expect(called(peers, '::ffff:192.0.2.1')).toBe('api.example');
  });

  it.each<[string, Resolve]>([
    ['nobody asked for', answer('other.example', [a('192.0.2.1', { name: 'other.example' })])],
    ['of another server', answer('api.example', [a('192.0.2.1')], { server: '6.6.6.6' })],
    ['of another number', answer('api.example', [a('192.0.2.1')], { id: 8 })],
    ['of another type', answer('api.example', [a('192.0.2.1')], { type: 'TXT' })],
    ['that comes too late', answer('api.example', [a('192.0.2.1')], { time: minute })],
    [
      'that another process reads',
      answer('api.example', [a('192.0.2.1')], { process: { pid: 2, start: 1 } }),
    ],
    [
      'of a later process with that number',
      answer('api.example', [a('192.0.2.1')], { process: { pid: 1, start: 2 } }),
    ],
  ])('passes over an answer %s', (_what, event) => {
    const peers = new PeerNames();
    peers.asked(question('api.example'), server);
    expect(peers.answered(event)).toBe<AnswerIs>('stray');
    expect(peers.peerOf('192.0.2.1', 2 * sec, server)).toEqual({ peer: '192.0.2.1', unnamed: true });
  });

  it('passes over what comes after the first answer: the resolver believed that one', () => {
    const peers = asked('api.example', '192.0.2.1');
    expect(peers.answered(answer('api.example', [a('192.0.2.66')]))).toBe('stray');
    expect(called(peers, '192.0.2.66')).toBe('192.0.2.66');
  });

  it('believes what a process forges for a question of its own (docs/limits.md)', () => {
    const peers = new PeerNames(surroundings({}));
    peers.asked(question('api.example'), server);
    expect(peers.answered(answer('api.example', [a('198.51.100.66')]))).toBe('answer');
    expect(called(peers, '198.51.100.66')).toBe('api.example');
  });

  it('waits for the whole of an answer that was cut', () => {
    const peers = new PeerNames();
    peers.asked(question('api.example'), server);
    peers.answered(answer('api.example', [], { truncated: true }));
    expect(peers.answered(answer('api.example', [a('192.0.2.1')]))).toBe('answer');
  });

  it('knows the resolvers of the container, and no other', () => {
    const peers = new PeerNames(surroundings({ resolvers: ['10.0.0.2', 'fd00::53'] }));
    const ask = (at: string): AnswerIs => {
      peers.asked(question('api.example', { server: at }), server);
      return peers.answered(answer('api.example', [a('192.0.2.1')], { server: at }));
    };
    expect(ask('6.6.6.6')).toBe('stray');
    expect(ask('10.0.0.2')).toBe('answer');
    expect(ask('FD00:0::53')).toBe('answer');
  });

  it.each<[string, DnsAnswer[]]>([
    ['an address of another name', [a('192.0.2.1', { name: 'bank.example' })]],
    [
      'an alias of another name',
      [
        { name: 'bank.example', type: 'CNAME', data: 'lb.example', ttl: 60 },
        a('192.0.2.1', { name: 'lb.example' }),
      ],
    ],
  ])('does not take %s for its own', (_what, records) => {
    const peers = new PeerNames();
    peers.asked(question('api.example'), server);
    peers.answered(answer('api.example', records));
    expect(called(peers, '192.0.2.1')).toBe('192.0.2.1');
  });

  it.each(['in order', 'backwards'])(
    'follows a chain of aliases %s to the name that was asked for',
    (order) => {
      const chain: DnsAnswer[] = [
        { name: 'shop.example', type: 'CNAME', data: 'shop.cdn.example', ttl: 60 },
        { name: 'shop.cdn.example', type: 'CNAME', data: 'lb7.cdn.example', ttl: 60 },
        a('192.0.2.9', { name: 'lb7.cdn.example' }),
      ];
      const peers = new PeerNames();
      peers.asked(question('shop.example'), server);
      peers.answered(answer('shop.example', order === 'in order' ? chain : chain.toReversed()));
      expect(called(peers, '192.0.2.9')).toBe('shop.example');
    },
  );

  it('survives aliases that go round in a circle', () => {
    const peers = new PeerNames();
    peers.asked(question('x.example'), server);
    const circle: DnsAnswer[] = [
      { name: 'x.example', type: 'CNAME', data: 'y.example', ttl: 60 },
      { name: 'y.example', type: 'CNAME', data: 'x.example', ttl: 60 },
    ];
    expect(peers.answered(answer('x.example', circle))).toBe('answer');
  });

  it.each([
    'workload:shop/db',
    '{site:database}',
    'a b.example',
    '10.0.0.7',
    'x.7',
    'localhost',
    'db.localhost',
  ])('lets no answer for %j name an address', (name) => {
    expect(called(asked(name, '192.0.2.66'), '192.0.2.66')).toBe('192.0.2.66');
  });
});

describe('how long a name holds', () => {
  it.each<[string, number, number]>([
    ['its time to live and ten minutes', 60, minute],
    ['ten minutes when its time to live is 0: it is for one use', 0, 0],
    ['a day at most: whoever answers chooses the time', 2 ** 31 - 1, 86_400 * sec],
    ['as with 0 when the time has the highest bit set', 2 ** 32 - 1, 0],
  ])('%s', (_what, ttl, life) => {
    const last = life + 10 * minute;
    expect(called(asked('api.example', '192.0.2.1', { ttl }), '192.0.2.1', last)).toBe('api.example');
    expect(called(asked('api.example', '192.0.2.1', { ttl }), '192.0.2.1', last + 1)).toBe('192.0.2.1');
  });

  it('as long as it is used: software that asks once at its start goes on connecting', () => {
    const peers = asked('api.example', '192.0.2.1');
    let time = 0;
    for (let i = 0; i < 100; i++) {
      time += 9 * minute;
      expect(called(peers, '192.0.2.1', time)).toBe('api.example');
    }
    expect(called(peers, '192.0.2.1', time + 11 * minute)).toBe('192.0.2.1');
  });

  it('tells when to look again, soon enough to notice the use', () => {
    const peers = asked('api.example', '192.0.2.1');
    const until = peers.holdsUntil('192.0.2.1', sec);
    expect(until).toBe(6 * minute);
    expect(called(peers, '192.0.2.1', until)).toBe('api.example');
    expect(peers.holdsUntil('192.0.2.1', until)).toBe(11 * minute);
    for (const other of ['192.0.2.2', '127.0.0.1'])
      expect(peers.holdsUntil(other, sec)).toBe(Number.POSITIVE_INFINITY);
  });

  it('tells when an address may be called otherwise than before', () => {
    const peers = asked('api.example', '192.0.2.1', { time: sec });
    const first = peers.epoch;
    asked('api.example', '192.0.2.1', { time: 2 * sec, peers });
    expect(peers.epoch).toBe(first);
    asked('db.example', '192.0.2.1', { time: 3 * sec, peers });
    const other = peers.epoch;
    expect(other).not.toBe(first);
    asked('db.example', '192.0.2.1', { time: 4 * sec, peers, by: fetcher });
    const byOther = peers.epoch;
    expect(byOther).not.toBe(other);
    asked('db.example', '192.0.2.1', { time: 90 * minute, peers });
    expect(peers.epoch).not.toBe(byOther);
  });
});

describe('which of several names is meant', () => {
  it('the one this program asked for last', () => {
    const peers = asked('a.example', '192.0.2.1');
    asked('b.example', '192.0.2.1', { peers });
    expect(called(peers, '192.0.2.1')).toBe('b.example');
    asked('a.example', '192.0.2.1', { peers, time: sec });
    expect(called(peers, '192.0.2.1')).toBe('a.example');
  });

  it('the one this program asked for, before what another asked for later', () => {
    const peers = asked('a.example', '192.0.2.1');
    asked('b.example', '192.0.2.1', { peers, by: fetcher });
    expect(called(peers, '192.0.2.1')).toBe('a.example');
    expect(called(peers, '192.0.2.1', sec, fetcher)).toBe('b.example');
    expect(called(peers, '192.0.2.1', sec, { ...server, lineage: ['/bin/other'] })).toBe('b.example');
  });

  it('one of the last four: a shared front has thousands', () => {
    const peers = asked('first.example', '192.0.2.1', { by: fetcher });
    for (const n of [1, 2, 3]) asked(`n${n}.example`, '192.0.2.1', { peers });
    expect(called(peers, '192.0.2.1', sec, fetcher)).toBe('first.example');
    asked('n4.example', '192.0.2.1', { peers });
    expect(called(peers, '192.0.2.1', sec, fetcher)).toBe('n4.example');
  });

  it('keeps what is in use when somebody asks for thousands of names', () => {
    const peers = asked('api.example', '192.0.2.1');
    for (let n = 0; n < 6000; n++) {
      if (n % 1000 === 0) called(peers, '192.0.2.1', 9 * minute * (n / 1000 + 1));
      asked(`x${n}.flood.example`, `198.51.${n >> 8}.${n & 255}`, { peers, by: fetcher });
    }
    expect(called(peers, '192.0.2.1', 9 * minute * 6)).toBe('api.example');
  });
});

describe('a public name that points inside', () => {
  const answerIs = (name: string, data: string, sources: PeerSources = {}): AnswerIs => {
    const peers = new PeerNames(sources);
    peers.asked(question(name), server);
    return peers.answered(answer(name, [{ name, type: 'A', data, ttl: 60 }]));
  };

  it.each<[string, string, AnswerIs]>([
    ['evil.example', '127.0.0.1', 'inward'],
    ['evil.example', '::ffff:127.0.0.1', 'inward'],
    ['evil.example', '169.254.169.254', 'inward'],
    ['evil.example', 'fd00:ec2::254', 'inward'],
    ['evil.example', '10.0.0.7', 'inward'],
    ['evil.example', '64:ff9b::a00:7', 'inward'],
    ['evil.example', '192.0.2.1', 'answer'],
    ['cart.shop.svc.cluster.local', '10.0.0.7', 'answer'],
    ['metadata.google.internal', '169.254.169.254', 'answer'],
    ['redis', '10.0.0.7', 'answer'],
  ])('%s answered with %s: %s', (name, data, expected) => {
    expect(answerIs(name, data)).toBe(expected);
  });

  it("leaves the site's own search domains alone", () => {
    const own = surroundings({ search: ['corp.example.com', 'com'] });
    expect(answerIs('db.corp.example.com', '10.0.0.7', own)).toBe('answer');
    expect(answerIs('evil.com', '10.0.0.7', own)).toBe('inward');
  });

  it('is told when it is connected to', () => {
    const peers = asked('evil.example', '169.254.169.254');
    expect(peers.peerOf('169.254.169.254', sec, server)).toEqual({ peer: 'evil.example', inward: true });
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'])(
    'never renames %s: whoever connects there has reasons of their own',
    (address) => {
      expect(asked('evil.example', address).peerOf(address, sec, server)).toEqual({ peer: 'localhost' });
    },
  );

  it('never hides the name that belongs there', () => {
    const peers = asked('db.shop.svc', '10.0.0.7', { by: fetcher });
    asked('evil.example', '10.0.0.7', { peers, time: sec });
    expect(called(peers, '10.0.0.7')).toBe('db.shop.svc');
  });

  it('means nothing to a program that did not ask, where the address is known otherwise', () => {
    const directory: PeerDirectory = { epoch: 0, nameOf: () => 'workload:shop/db' };
    const peers = new PeerNames({ directory });
    asked('evil.example', '10.0.0.7', { peers, by: fetcher });
    expect(called(peers, '10.0.0.7')).toBe('workload:shop/db');
    expect(called(peers, '10.0.0.7', sec, fetcher)).toBe('evil.example');
  });
});

describe('what no answer named', () => {
  it('is what the directory says', () => {
    const directory: PeerDirectory = {
      epoch: 3,
      nameOf: (address) => (address === '10.0.0.7' ? 'workload:shop/db' : undefined),
    };
    const peers = new PeerNames({ directory });
    expect(peers.epoch).toBe(3);
    expect(peers.peerOf('10.0.0.7', sec, server)).toEqual({ peer: 'workload:shop/db' });
    expect(called(asked('db.shop.svc', '10.0.0.7', { peers }), '10.0.0.7')).toBe('db.shop.svc');
    expect(peers.peerOf('10.0.0.8', sec, server)).toEqual({ peer: '10.0.0.8', unnamed: true });
  });

  it('is itself when it is its own address', () => {
    const peers = new PeerNames(surroundings({ addresses: ['10.0.0.9'] }));
    expect(peers.peerOf('10.0.0.9', sec, server)).toEqual({ peer: '10.0.0.9' });
  });

  it('is called the resolver when the container is configured to ask it', () => {
    const peers = new PeerNames(surroundings({ resolvers: ['10.0.0.2'] }));
    expect(peers.peerOf('10.0.0.2', sec, server)).toEqual({ peer: '{resolver}' });
    expect(peers.nameInText('10.0.0.2', sec, server)).toBeUndefined();
  });

  it('is named inside a text, but for loopback, itself and what has no name', () => {
    const peers = new PeerNames(surroundings({ addresses: ['10.0.0.9'] }));
    asked('api.example', '192.0.2.1', { peers });
    expect(peers.nameInText('192.0.2.1', sec, server)).toBe('api.example');
    for (const other of ['127.0.0.1', '10.0.0.9', '192.0.2.2'])
      expect(peers.nameInText(other, sec, server)).toBeUndefined();
  });
});
