import { describe, expect, it } from 'vitest';
import type { DnsAnswer, EventOf } from '../../fingerprint/event.ts';
import { PeerNames } from './peers.ts';

const sec = 1_000_000;

function question(name: string, more: Partial<EventOf<'resolve'>> = {}): EventOf<'resolve'> {
  const process = { pid: 1, start: 1 };
  return {
    time: 0,
    process,
    kind: 'resolve',
    phase: 'question',
    name,
    type: 'A',
    id: 7,
    server: '10.0.0.2',
    ...more,
  };
}

function answer(name: string, answers: readonly DnsAnswer[], more: Partial<EventOf<'resolve'>> = {}) {
  return question(name, { phase: 'answer', answers, time: sec, ...more });
}

const a: DnsAnswer = { name: 'api.example', type: 'A', data: '192.0.2.1', ttl: 60 };

describe('PeerNames', () => {
  it('names an address after the question its answer belongs to', () => {
    const peers = new PeerNames();
    peers.asked(question('API.example.'));
    expect(peers.answered(answer('api.example', [a]))).toBe(true);
    expect(peers.nameOf('192.0.2.1', 2 * sec)).toBe('api.example');
    expect(peers.nameOf('::ffff:192.0.2.1', 2 * sec)).toBe('api.example');
  });

  it('follows a chain of names to the one that was asked for', () => {
    const peers = new PeerNames();
    peers.asked(question('shop.example'));
    const chain: DnsAnswer[] = [
      { name: 'shop.example', type: 'CNAME', data: 'lb.cdn.example', ttl: 60 },
      { name: 'lb.cdn.example', type: 'A', data: '192.0.2.9', ttl: 60 },
    ];
    peers.answered(answer('shop.example', chain));
    expect(peers.nameOf('192.0.2.9', sec)).toBe('shop.example');
  });

  it.each<[string, EventOf<'resolve'>]>([
    ['nobody asked for', answer('other.example', [{ ...a, name: 'other.example' }])],
    ['of another server', answer('api.example', [a], { server: '6.6.6.6' })],
    ['of another number', answer('api.example', [a], { id: 8 })],
    ['that comes too late', answer('api.example', [a], { time: 60 * sec })],
    ['with an address of another name', answer('api.example', [{ ...a, name: 'bank.example' }])],
  ])('gives no name by an answer %s', (_name, event) => {
    const peers = new PeerNames();
    peers.asked(question('api.example'));
    peers.answered(event);
    expect(peers.nameOf('192.0.2.1', 2 * sec)).toBeUndefined();
  });

  it('forgets a name after its time and grace', () => {
    const peers = new PeerNames();
    peers.asked(question('api.example'));
    peers.answered(answer('api.example', [a]));
    expect(peers.nameOf('192.0.2.1', 661 * sec)).toBe('api.example');
    expect(peers.nameOf('192.0.2.1', 662 * sec)).toBeUndefined();
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'])(
    'calls %s localhost, whatever an answer says',
    (address) => {
      const peers = new PeerNames();
      peers.asked(question('evil.example'));
      peers.answered(answer('evil.example', [{ name: 'evil.example', type: 'A', data: address, ttl: 60 }]));
      expect(peers.nameOf(address, sec)).toBe('localhost');
    },
  );

  it('tells how long a name holds, and when names became others', () => {
    const peers = new PeerNames();
    const told = (data: string, name: string, time: number): number => {
      peers.asked(question(name, { time }));
      peers.answered(answer(name, [{ ...a, name, data }], { time }));
      return peers.epoch;
    };
    expect(peers.holdsUntil('192.0.2.1')).toBe(Number.POSITIVE_INFINITY);
    const first = told('192.0.2.1', 'api.example', sec);
    expect(peers.holdsUntil('192.0.2.1')).toBe(661 * sec);
    expect(peers.holdsUntil('127.0.0.1')).toBe(Number.POSITIVE_INFINITY);
    expect(told('192.0.2.1', 'api.example', 2 * sec)).toBe(first);
    const other = told('192.0.2.1', 'db.example', 3 * sec);
    expect(other).not.toBe(first);
    expect(told('192.0.2.2', 'db.example', 4 * sec)).not.toBe(other);
    const late = told('192.0.2.2', 'db.example', 5 * sec);
    expect(told('192.0.2.2', 'db.example', 5000 * sec)).not.toBe(late);
  });
});
