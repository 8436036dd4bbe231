import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditEntry, auditEntryBytes } from '../fingerprint/audit-entry.ts';
import { parseAuditProof, verifyAuditProof } from '../fingerprint/audit-proof.ts';
import { readCheckpoint } from '../fingerprint/checkpoint.ts';
import { verifyConsistency, verifyInclusion } from '../fingerprint/merkle.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { AuditWorld, aNote, rewrite } from '../test/fakes/audit-world.ts';
import { auditRecord } from './core/audit-entry.ts';

let world: AuditWorld;
beforeEach(async () => {
  world = new AuditWorld();
  await world.start();
});
afterEach(() => world.remove());

const sizes = () => world.sink.notes.map((note) => readCheckpoint(Buffer.from(note)).size);
const mismatches = () =>
  world.told.filter((line) => line.type === 'audit-mismatch').map((line) => line.sentence);
const proofOf = async (seq: number) =>
  parseAuditProof(parseJson(Buffer.from((await world.audit.prove(seq)) ?? '')));
const restart = async (between: () => void = () => undefined) => {
  await world.stop();
  between();
  await world.start();
  await world.audit.look();
};

describe('the log', () => {
  it('numbers entries from 0 and keeps them as they were hashed', async () => {
    expect(await world.audit.record(aNote(0))).toBe(0);
    expect(await world.audit.record(aNote(1, { type: 'login', author: 'ci "bot"' }))).toBe(1);
    const rows = await world.audit.entries({ limit: 10 });
    for (const { body = '' } of rows) {
      const entry: AuditEntry = JSON.parse(body);
      expect(Buffer.from(auditEntryBytes(entry)).toString()).toBe(body);
    }
    expect(JSON.parse(rows[1]?.body ?? '')).toEqual({
      seq: 1,
      time: '2026-05-01T08:00:00.000000Z',
      type: 'login',
      author: 'ci "bot"',
      about: 'incident-1',
      reason: 'it was us',
      detail: { n: 1 },
    });
  });

  it('takes whatever a name or a reason holds', async () => {
    const hostile = {
      author: '\ud800',
      reason: `${'x'.repeat(5000)}\u0000\u202e`,
      detail: { '\u2028': '"\\' },
    };
    await world.audit.record(aNote(0, hostile));
    const [row] = await world.audit.entries({ limit: 1 });
    const entry: AuditEntry = JSON.parse(row?.body ?? '');
    expect(Buffer.from(auditEntryBytes(entry)).toString()).toBe(row?.body);
    expect([entry.author, entry.reason?.length]).toEqual(['\ufffd', 4096]);
  });

  it('keeps of a large detail its digest', async () => {
    await world.audit.record(aNote(0, { detail: { text: 'y'.repeat(17_000) } }));
    const [row] = await world.audit.entries({ limit: 1 });
    expect(JSON.parse(row?.body ?? '').detail).toEqual({
      bytes: 17_011,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('keeps the order of entries when the clock is set back, and each time as it was told', async () => {
    await world.record(2);
    world.now -= 3_600_000;
    await world.record(2);
    const times = (await world.audit.entries({ limit: 9 })).map((r) => r.time - world.now);
    expect(times).toEqual([3_600_000, 3_600_000, 0, 0]);
    // From the first that is late enough on, with everything behind it.
    const since = await world.audit.entries({ since: world.now + 1, limit: 9 });
    expect(since.map((r) => r.seq)).toEqual([0, 1, 2, 3]);
  });

  it.each<[string, object, number[]]>([
    ['a type', { type: 'login' }, [1]],
    ['an author', { author: 'ada' }, [1, 2]],
    ['what it is about', { about: 'incident-2' }, [2]],
    ['a cursor', { from: 2 }, [2, 3]],
    ['a limit', { limit: 1 }, [0]],
    ['a time', { until: 0 }, []],
    ['nothing that is there', { author: 'eve' }, []],
  ])('is read by %s', async (_what, filter, seqs) => {
    await world.audit.record(aNote(0));
    await world.audit.record(aNote(1, { type: 'login', author: 'ada' }));
    await world.audit.record(aNote(2, { author: 'ada' }));
    await world.audit.record(aNote(3));
    const rows = await world.audit.entries({ limit: 10, ...filter });
    expect(rows.map((r) => r.seq)).toEqual(seqs);
  });

  it('refuses what JSON cannot hold before it reaches a commit of others', async () => {
    await expect(world.audit.record(aNote(0, { detail: { n: Number.NaN } }))).rejects.toMatchObject({
      code: 'NOT_CANONICAL',
    });
    expect(await world.audit.record(aNote(0))).toBe(0);
  });

  it('proves each entry, and each size to begin the next', async () => {
    await world.record(11);
    const { store } = world;
    const root = await store.audit.root(11);
    for (const { seq, leaf } of await world.audit.entries({ limit: 20 })) {
      expect(verifyInclusion(leaf, seq, { size: 11, root }, await store.audit.inclusion(seq, 11))).toBe(true);
      const older = { size: seq, root: await store.audit.root(seq) };
      expect(verifyConsistency(older, { size: 11, root }, await store.audit.consistency(seq, 11))).toBe(true);
    }
    await expect(store.audit.inclusion(0, 12)).rejects.toMatchObject({ code: 'broken' });
  });
});

describe('however entries come together', () => {
  it('the root is the same', { timeout: 120_000 }, async () => {
    const records = Array.from({ length: 40 }, (_, n) => auditRecord(aNote(n), world.now));
    await world.store.audit.append(records);
    const whole = await world.store.audit.root(40);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 }), async (batches) => {
        const other = new AuditWorld();
        try {
          await other.start();
          const left = [...records];
          // Some together in one commit, some in commits one after the other, and a restart between.
          await Promise.all(batches.map((n) => other.store.audit.append(left.splice(0, n))));
          await other.stop();
          await other.start();
          await other.store.audit.append(left);
          expect(await other.store.audit.root(40)).toEqual(whole);
        } finally {
          await other.remove();
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('checkpoints', () => {
  it('are signed a minute after the log grew, and not when it did not', async () => {
    await world.record(3);
    await world.audit.look();
    expect(sizes()).toEqual([]);
    world.now += 60_000;
    await world.audit.look();
    world.now += 60_000;
    await world.audit.look();
    expect(sizes()).toEqual([3]);
  });

  it('are signed every thousand entries, and at the end', async () => {
    await world.store.audit.append(Array.from({ length: 1000 }, (_, n) => auditRecord(aNote(n), world.now)));
    await world.audit.look();
    await world.record(1);
    await world.audit.look();
    await world.audit.close();
    expect(sizes()).toEqual([1000, 1001]);
  });

  it('that a sink did not take are told once, and the latest is tried again', async () => {
    await world.record(1);
    await world.audit.look();
    world.sink.refuses = true;
    for (let minute = 0; minute < 3; minute += 1) {
      world.now += 60_000;
      await world.record(1);
      await world.audit.look();
    }
    expect(await world.audit.state()).toMatchObject({
      sinks: [{ failures: expect.any(Number), failing: true }],
    });
    world.sink.refuses = false;
    world.now += 60_000;
    await world.audit.look();
    await world.audit.close();
    expect(sizes()).toEqual([4]);
    expect(world.told).toMatchObject([
      { type: 'audit-sink', state: 'failing', sentence: 'no' },
      { type: 'audit-sink', state: 'recovered' },
    ]);
  });

  it('that were signed before the end and did not arrive are brought at the next start', async () => {
    await world.record(1);
    await world.audit.look();
    world.sink.refuses = true;
    await world.stop();
    world.sink.refuses = false;
    await world.start();
    await world.audit.look();
    await world.audit.close();
    expect(sizes()).toEqual([1]);
  });

  it('puts on record where they go, when that changes', async () => {
    await world.audit.started({ version: '1' });
    await world.stop();
    await world.start([]);
    await world.audit.started({ version: '1' });
    await world.audit.started({ version: '1' });
    const rows = await world.audit.entries({ limit: 9 });
    expect(rows.map((r) => r.type)).toEqual([
      'collector-started',
      'sink-changed',
      'collector-started',
      'sink-changed',
      'collector-started',
    ]);
    expect(JSON.parse(rows[3]?.body ?? '').detail).toEqual({ before: ['file:/kept'], after: [] });
  });
});

describe('a log that is not what it was', () => {
  beforeEach(async () => {
    await world.record(20);
    await world.audit.look();
    world.now += 60_000;
    await world.audit.look();
  });

  it.each<[string, (world: AuditWorld) => void, RegExp]>([
    [
      'an entry was changed',
      (w) =>
        w.behindItsBack((db) =>
          db.exec(`UPDATE audit SET body = replace(body, 'it was us', 'nobody') WHERE seq = 7`),
        ),
      /entry 7 is gone or is not what was put on record/,
    ],
    [
      'an entry was removed',
      (w) => w.behindItsBack((db) => db.exec('DELETE FROM audit WHERE seq = 7')),
      /entry 7 is gone/,
    ],
    [
      'an entry was changed and everything above it was made anew',
      (w) => w.behindItsBack((db) => rewrite(db, 7, 'it was us', 'nobody')),
      /the database holds a checkpoint over 20 entries with another root/,
    ],
    [
      'the end was cut off, and the checkpoint with it',
      (w) =>
        w.behindItsBack((db) =>
          db.exec(`DELETE FROM audit WHERE seq >= 15; DELETE FROM settings WHERE name = 'audit-checkpoint'`),
        ),
      /file:\/kept holds a checkpoint over 20 entries and the log has 15/,
    ],
    [
      'it was rewritten, and the checkpoint of the database with it',
      (w) =>
        w.behindItsBack((db) => {
          rewrite(db, 7, 'it was us', 'nobody');
          db.exec(`DELETE FROM settings WHERE name = 'audit-checkpoint'`);
        }),
      /file:\/kept holds a checkpoint over 20 entries with another root/,
    ],
    [
      'its nodes were changed',
      (w) => w.behindItsBack((db) => db.exec('UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 2')),
      /nodes of the tree are not those of its entries/,
    ],
    [
      'a sink holds something else',
      (w) => w.sink.notes.push('a\n1\nb\n\n— a b\n'),
      /by another key, or changed/,
    ],
  ])('is told when %s, and is not signed', async (_what, tamper, sentence) => {
    await restart(() => tamper(world));
    expect(mismatches()).toEqual([expect.stringMatching(sentence)]);
    expect(await world.audit.state()).toMatchObject({ mismatches: 1, mismatch: expect.any(String) });
    const before = world.sink.notes.length;
    // It goes on recording, and answers, but puts its name under nothing.
    await world.record(3);
    world.now += 60_000;
    await world.audit.look();
    await world.export();
    await world.audit.close();
    expect(world.sink.notes).toHaveLength(before);
  });

  it('is signed again when a person accepts it, and stays accepted', async () => {
    await restart(() => world.behindItsBack((db) => rewrite(db, 7, 'it was us', 'nobody')));
    expect(await world.audit.acceptFork({ author: 'ada', reason: 'restored by hand' })).toBe(true);
    const [entry] = await world.audit.entries({ type: 'fork-accepted', limit: 2 });
    expect(entry).toMatchObject({ author: 'ada', seq: 20 });
    expect(entry?.body).toMatch(/another root/);
    await restart();
    expect(mismatches()).toHaveLength(1);
    expect(await world.audit.acceptFork({ author: 'ada', reason: 'again' })).toBe(false);
  });

  it.each(['DELETE FROM audit WHERE seq IN (3, 7)', "UPDATE audit SET body = 'x' WHERE seq = 7"])(
    'with a hole or a forged body is accepted as it is: %s',
    async (sql) => {
      await restart(() => world.behindItsBack((db) => db.exec(sql)));
      await world.audit.acceptFork({ author: 'ada', reason: 'a disk failed' });
      await restart();
      await world.record(1);
      expect(mismatches()).toHaveLength(1);
    },
  );

  it('is none when nothing happened, over any number of restarts', async () => {
    await restart();
    await restart();
    expect(world.told).toEqual([]);
  });
});

describe('what is erased', () => {
  it('is gone, is on record as gone, and everything is proved as before', async () => {
    await world.record(5);
    world.now += 1000;
    const before = await world.store.audit.root(5);
    await world.record(1);
    const { seq, erased } = await world.audit.erase(world.now, { author: 'ada', reason: 'kept for a year' });
    expect([seq, erased]).toEqual([6, 5]);
    expect(await world.store.audit.root(5)).toEqual(before);
    const rows = await world.audit.entries({ limit: 9 });
    expect(rows.map((r) => [r.body === undefined, r.author, r.about ?? ''])).toEqual([
      ...Array.from({ length: 5 }, () => [true, '', '']),
      [false, 'local:root', 'incident-0'],
      [false, 'ada', ''],
    ]);
    expect(JSON.parse(rows[6]?.body ?? '').detail).toEqual({ before: world.now, erased: 5 });
    await restart();
    expect(mismatches()).toEqual([]);
    const proof = await proofOf(2);
    expect([proof.entry, verifyAuditProof(proof, undefined)]).toEqual([undefined, 7]);
  });
});

describe('a proof', () => {
  it('holds for its entry alone', async () => {
    await world.record(9);
    const proof = await proofOf(4);
    expect(verifyAuditProof(proof, undefined)).toBe(9);
    expect(() => verifyAuditProof({ ...proof, seq: 5 }, undefined)).toThrow(/is not the entry/);
    const { entry: _, ...bare } = proof;
    expect(() => verifyAuditProof({ ...bare, seq: 5 }, undefined)).toThrow(/does not lead from entry 5/);
  });

  it('is not given for what is not there', async () => {
    await world.record(1);
    expect(await world.audit.prove(1)).toBeUndefined();
  });
});
