import { describe, expect, it } from 'vitest';
import { payloadVectors } from '../test/fakes/payload-vectors.ts';
import { baseline, signOptions } from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { currentRules } from './rules.ts';
import { parseStatement, statementBytes } from './statement.ts';
import { predicateType, statementType } from './statement-frame.ts';

describe('parseStatement', () => {
  it.each(payloadVectors('statement'))('$name: $outcome', ({ outcome, sha256, bytes }) => {
    expect(sha256Hex(bytes)).toBe(sha256);
    if (outcome === 'accepted') expect(parseStatement(bytes).fingerprint.version).toBe(7);
    else expect(() => parseStatement(bytes)).toThrow(expect.objectContaining({ code: outcome }));
  });

  it('tells where in the statement a problem is', () => {
    const broken = { ...baseline, behaviour: { programs: [{ ...baseline.behaviour.programs[0], exe: 7 }] } };
    const value = JSON.parse(new TextDecoder().decode(statementBytes(baseline, signOptions)));
    const bytes = canonicalBytes({
      ...value,
      predicate: { ...value.predicate, behaviour: broken.behaviour },
    });
    expect(() => parseStatement(bytes)).toThrow(
      expect.objectContaining({ code: 'SCHEMA', field: 'predicate.behaviour.programs[0].exe' }),
    );
  });
});

describe('rules', () => {
  it.each(['normaliser', 'generaliser', 'sensitive'] as const)(
    'of a newer %s need a newer reader',
    (table) => {
      const newer = { ...baseline, rules: { ...currentRules, [table]: currentRules[table] + 1 } };
      expect(() => parseStatement(statementBytes(newer, signOptions))).toThrow(
        expect.objectContaining({ code: 'READER_TOO_OLD', field: `predicate.rules.${table}` }),
      );
    },
  );

  it('that are older are read: what is formed otherwise equals fewer entries', () => {
    const older = { ...baseline, rules: { normaliser: 1, generaliser: 1, sensitive: 1 } };
    expect(parseStatement(statementBytes(older, signOptions)).fingerprint.rules).toEqual(older.rules);
  });
});

describe('statementBytes', () => {
  it('is an in-toto statement that any reader of them understands', () => {
    const value = JSON.parse(new TextDecoder().decode(statementBytes(baseline, signOptions)));
    expect(value).toMatchObject({
      _type: statementType,
      predicateType,
      subject: [{ name: baseline.subject.name, digest: { sha256: 'ab'.repeat(32) } }],
    });
  });

  it('comes back whole', () => {
    const { fingerprint, digests } = parseStatement(statementBytes(baseline, signOptions));
    const { format: _format, ...parts } = baseline;
    expect(fingerprint).toEqual({ ...parts, ...signOptions });
    expect(digests).toEqual([baseline.subject.digest]);
  });

  const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
  const amd64 = { os: 'linux', architecture: 'amd64' };
  const parts = [
    { digest: digest(3), role: 'config', platform: amd64 },
    { digest: digest(2), role: 'manifest', platform: amd64 },
    { digest: digest(1), role: 'index' },
  ] as const;

  it('names every digest the image goes by, index first, with its role', () => {
    const bytes = statementBytes(baseline, { ...signOptions, platform: amd64 }, parts);
    expect(JSON.parse(new TextDecoder().decode(bytes)).subject).toEqual([
      { name: baseline.subject.name, digest: { sha256: '1'.repeat(64) }, annotations: { role: 'index' } },
      {
        name: baseline.subject.name,
        digest: { sha256: '2'.repeat(64) },
        annotations: { role: 'manifest', platform: 'linux/amd64' },
      },
      {
        name: baseline.subject.name,
        digest: { sha256: '3'.repeat(64) },
        annotations: { role: 'config', platform: 'linux/amd64' },
      },
    ]);
    expect(parseStatement(bytes)).toMatchObject({ digests: [1, 2, 3].map(digest), platform: amd64 });
  });

  it('names a platform as a feature that a reader must know: the index has other images too', () => {
    const value = JSON.parse(
      new TextDecoder().decode(statementBytes(baseline, { ...signOptions, platform: amd64 }, parts)),
    );
    expect(value.predicate.spec.critical).toContain('platform');
  });

  it.each([
    ['a missing member', { os: 'linux' }],
    ['a member nobody knows', { ...amd64, variant: 'v8' }],
    ['another type', { os: 'linux', architecture: 64 }],
    ['text that is no word', { os: 'linux', architecture: 'amd64\u001b' }],
    ['a text', 'linux/amd64'],
  ])('refuses a platform with %s', (_name, platform) => {
    const value = JSON.parse(new TextDecoder().decode(statementBytes(baseline, signOptions)));
    const bytes = canonicalBytes({ ...value, predicate: { ...value.predicate, platform } });
    expect(() => parseStatement(bytes)).toThrow(expect.objectContaining({ code: 'SCHEMA' }));
  });
});
