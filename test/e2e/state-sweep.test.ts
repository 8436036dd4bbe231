import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import type { Drift } from '../../fingerprint/incident.ts';
import { learn } from '../../fingerprint/learn.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { observation } from '../fakes/behaviours.ts';
import { imageDigest, imageName, vendor } from '../fakes/trust.ts';
import { whyNoSensor } from './support/sensor-rig.ts';
import { Actor, cgroupMount, SweptWorld } from './support/swept-world.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`state sweep: not tested, ${why}`);

const group = `/whorl-test-sweep-${process.pid}`;
/** Ports that only this test uses: where the service listens, and where it never should. */
const port = 20_000 + 2 * (process.pid % 5_000);
const otherPort = port + 1;

describe.skipIf(why !== undefined)('a sweep of the present state', () => {
  /** Not below /tmp: what is executed there is never learned. */
  const dir = mkdtempSync('/opt/whorl-sweep-');
  const scratch = mkdtempSync(join(tmpdir(), 'whorl-sweep-'));
  let program: string;
  let envelope: Uint8Array;
  const worlds: SweptWorld[] = [];
  const actors: Actor[] = [];

  beforeAll(async () => {
    program = Actor.build(dir);
    copyFileSync('/bin/sleep', join(scratch, 'dropped'));
    mkdirSync(cgroupMount + group);
    const behaviours = await learned();
    const baseline = learn({ name: imageName, digest: imageDigest }, behaviours, {
      coverage: behaviourKinds,
      observation,
    });
    const about = { stream: imageName, version: 1, issuedAt: '2026-05-02T09:00:00Z' };
    envelope = signFingerprint(baseline, about, vendor).envelope;
  });
  afterEach(async () => {
    for (const actor of actors.splice(0)) await actor.end();
    for (const world of worlds.splice(0)) await world.end();
  });
  afterAll(() => {
    rmdirSync(cgroupMount + group);
    rmSync(dir, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  });

  async function watch(sweepSeconds = 1): Promise<SweptWorld> {
    const world = new SweptWorld(group, sweepSeconds);
    worlds.push(world);
    return await world.watch();
  }

  async function judging(sweepSeconds = 1): Promise<SweptWorld> {
    const world = new SweptWorld(group, sweepSeconds);
    world.kept.set('cart', envelope);
    worlds.push(world);
    return await world.watch();
  }

  /** The service as it is when nobody does anything to it. */
  async function service(): Promise<Actor> {
    const actor = await Actor.start(program, group);
    actors.push(actor);
    await actor.does(`listen ${port}`);
    await actor.does(`connect ${port}`);
    return actor;
  }

  async function learned(): Promise<Behaviour[]> {
    const world = await watch(3600);
    const actor = await service();
    const behaviours = () => world.reports.flatMap((r) => (r.type === 'novelty' ? [r.behaviour] : []));
    await world.until(() => behaviours().find((b) => b.kind === 'connect'));
    await world.end();
    await actor.end();
    return behaviours();
  }

  const drifts = (world: SweptWorld): Drift[] => {
    const last = new Map(
      world.reports.flatMap((r) => (r.type === 'incident' ? [[r.incident.id, r.incident]] : [])),
    );
    return [...last.values()].flatMap((incident) => incident.drifts);
  };
  const drifted = (world: SweptWorld, ...kinds: readonly Drift['kind'][]): Promise<Drift[]> =>
    world.until(() => {
      const found = drifts(world);
      return kinds.every((kind) => found.some((d) => d.kind === kind)) ? found : undefined;
    });

  it('finds nothing new in a service that runs as it was learned, whoever talks to it', async () => {
    const actor = await service();
    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    const world = await judging();
    await world.rounds(3);
    expect(drifts(world)).toEqual([]);
    expect(world.counter('sweep.told')).toBeGreaterThan(0);
    client.destroy();
    await actor.end();
  });

  it('judges a dropped program that runs since before the agent', async () => {
    await (await service()).does(`start ${join(scratch, 'dropped')}`);
    const world = await judging();
    const found = await drifted(world, 'exec');
    expect(found[0]).toMatchObject({ kind: 'exec', origin: 'scratch', found: true });
  });

  it('shows code that was mapped, sockets that were opened and a root that was left while nobody looked', async () => {
    const actor = await service();
    await actor.does(`map ${join(scratch, 'dropped')}`);
    await actor.does(`listen ${otherPort}`);
    await actor.does(`connect ${otherPort}`);
    await actor.does('unshare');
    await actor.does(`chroot ${dir}`);
    const world = await judging();
    const found = await drifted(world, 'load', 'listen', 'connect', 'privilege');
    expect(found.every((d) => d.found === true && d.count === 1)).toBe(true);
    expect(found.map((d) => `${d.kind} ${d.subject}`)).toEqual(
      expect.arrayContaining([
        `load ${join(scratch, 'dropped')}`,
        `listen tcp:${otherPort}`,
        `connect localhost:${otherPort}`,
        'privilege unshare uts',
        `privilege chroot ${dir}`,
      ]),
    );
    const { length } = found;
    await world.rounds(world.sweeps + 2);
    expect(drifts(world)).toHaveLength(length);
    expect(drifts(world).every((d) => d.count === 1)).toBe(true);
  });

  it('sweeps at once when events were lost: another program runs, and what it started', async () => {
    const world = await judging(3600);
    const actor = await service();
    await world.rounds(1);
    world.blind = true;
    await actor.does(`start ${join(scratch, 'dropped')}`);
    await actor.does(`map ${join(scratch, 'dropped')}`);
    await world.loses((e) => e.kind === 'load' && e.path === join(scratch, 'dropped'));
    world.blind = false;
    // The loss is told with whatever is told next.
    await actor.does(`connect ${port}`);
    const found = await drifted(world, 'exec', 'load');
    expect(found.map((d) => `${d.kind} ${d.because} ${d.found}`).sort()).toEqual([
      'exec new-program true',
      'load never-learnable true',
    ]);
    expect(world.counter('sweep.lost-process')).toBe(1);
  });
});
