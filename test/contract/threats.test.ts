import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const envelope = 'test/contract/threats-envelope.test.ts';
const parsers = 'test/contract/threats-parsers.test.ts';
const kinds = 'test/contract/threats-kinds.test.ts';
const trust = 'test/contract/threats-trust.test.ts';
const orders = 'test/contract/threats-orders.test.ts';

/**
 * The threats of the design, each under the name it has there, and where it is carried out. A row of this table without a
 * test of its name, or a test without its row, is a defect.
 */
const threats: Readonly<Record<string, string>> = {
  'edit one byte of fingerprint': envelope,
  'strip signature / annotation': envelope,
  'swap in another key inside the object': envelope,
  'vendor A signs permissive fingerprint for B’s image digest': trust,
  'malleable / small-order signature, bad key file': envelope,
  'same key twice to reach threshold; two keyids, one key': envelope,
  'payloadType / predicateType confusion': kinds,
  'parser differential, duplicate keys, base64 junk': parsers,
  'rollback to older, looser version': trust,
  'two different v7': trust,
  'stolen vendor key': trust,
  'stolen command key': orders,
  'replayed / delayed / redirected kill': orders,
  'poisoned learning': trust,
  'lost update in fallback tag': 'registry/attach.test.ts',
  'oversized / deep JSON, scrypt bombs': parsers,
  'root on node': orders,
  'clock set back': trust,
  'future field ignored by old agent widens': parsers,
};

/** Where the registry's room tells it in its own words. */
const words: Readonly<Record<string, string>> = {
  'lost update in fallback tag': 'holds all who write it at once, though the registry ignores conditions',
};

/** Without head, witnesses and admission, which come later: what stands on the page of limits instead. */
const notYet: Readonly<Record<string, string>> = {
  freeze: '| A collector that withholds |',
  'collector DB rewritten': '| The collector’s record rewritten |',
  'stolen head key': 'The first four rows are for the signed head',
  'webhook outage blocks cluster': '| Admission |',
};

const root = new URL('../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');

describe('every threat of the design', () => {
  it('is one of 23', () => {
    expect(Object.keys(threats).length + Object.keys(notYet).length).toBe(23);
  });

  it.each(Object.entries(threats))('%s: is carried out in %s', (attack, file) => {
    const name = words[attack] ?? attack;
    expect(textOf(file)).toMatch(
      new RegExp(`(describe|it)\\('${name.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')}'`),
    );
  });

  it.each(Object.entries(notYet))('%s: is not stopped yet, and says so', (_attack, row) => {
    expect(textOf('docs/limits.md').replaceAll("'", '’')).toContain(row);
  });

  it('is tried against a real agent too, by a collector that was taken over', () => {
    expect(existsSync(new URL('test/e2e/evil-collector.test.ts', root))).toBe(true);
  });
});
