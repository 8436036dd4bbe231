import { afterEach, describe, expect, it } from 'vitest';
import { AuditWorld, aNote } from '../test/fakes/audit-world.ts';
import { tellRestore } from './restored.ts';

const log = { info() {}, warn() {}, error() {} };
const note = JSON.stringify({
  time: '2026-05-02T08:00:00Z',
  backupOf: '2026-05-01T08:00:00Z',
  before: 'an epoch',
  reason: 'disk lost',
  author: 'local:ada',
});

let world: AuditWorld | undefined;
afterEach(async () => world?.remove());

async function typesOf(of: AuditWorld): Promise<string[]> {
  const rows = await of.audit.entries({ limit: 100 });
  return rows.map(({ type, author }) => `${type} by ${author}`);
}

describe('a restored database', () => {
  it('is put on record with who did it, and its log goes on: no mismatch is left', async () => {
    world = new AuditWorld();
    const audit = await world.start();
    await audit.record(aNote(1));
    await audit.record(aNote(2));
    await audit.look();
    world.now += 60_000;
    await audit.look();
    // As if the database of before the second entry had been put in its place: the sink knows more than it holds.
    await world.store.saveSetting('restored', note);
    await world.stop();
    const published = world.sink.notes.length;
    world.behindItsBack((db) =>
      db.exec(
        "DELETE FROM audit WHERE seq >= 1; DELETE FROM audit_nodes; DELETE FROM settings WHERE name = 'audit-checkpoint'",
      ),
    );
    const again = await world.start();
    await tellRestore({ settings: world.store, audit: again, log });
    expect(await typesOf(world)).toEqual([
      'disposition by local:root',
      'restored by local:ada',
      'fork-accepted by local:ada',
    ]);
    expect(await again.state()).toMatchObject({ mismatch: undefined });
    // Signed on from here; what was published before stays with the sink, and is the trace.
    expect(world.sink.notes.length).toBeGreaterThan(published);
  });

  it('is told once', async () => {
    world = new AuditWorld();
    const audit = await world.start();
    await world.store.saveSetting('restored', note);
    await tellRestore({ settings: world.store, audit, log });
    await tellRestore({ settings: world.store, audit, log });
    expect(await typesOf(world)).toEqual(['restored by local:ada']);
  });

  it('is told also when the note of it cannot be read', async () => {
    world = new AuditWorld();
    const audit = await world.start();
    await world.store.saveSetting('restored', 'garbage');
    await tellRestore({ settings: world.store, audit, log });
    expect(await typesOf(world)).toEqual(['restored by unknown']);
  });

  it('is none: nothing is told', async () => {
    world = new AuditWorld();
    const audit = await world.start();
    await tellRestore({ settings: world.store, audit, log });
    expect(await typesOf(world)).toEqual([]);
  });
});
