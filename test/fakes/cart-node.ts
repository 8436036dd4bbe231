import { runAgent } from '../../agent/agent.ts';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { open, statementPayloadType } from '../../fingerprint/envelope.ts';
import { behaviourKinds, type Event, type ProcessRef } from '../../fingerprint/event.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { learn } from '../../fingerprint/learn.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { Order } from '../../fingerprint/order.ts';
import type { Report } from '../../fingerprint/report.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { FakeWorld } from './agent-ports.ts';
import { approvalFor, itemFor } from './approved.ts';
import { observation } from './behaviours.ts';
import { commander, imageDigest, imageName, vendor } from './trust.ts';

const worlds: { world: FakeWorld; done: Promise<void> }[] = [];

/** Ends every agent that was started. */
export async function endAll(): Promise<void> {
  for (const { world, done } of worlds.splice(0)) {
    world.stop.abort();
    await done;
  }
}

/** An agent that trusts one vendor for the cart's image, and one collector for orders and leases. */
export function start(world: FakeWorld = new FakeWorld()): FakeWorld {
  world.policy ??= newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Shop Inc',
    image: imageName,
    maxMode: 'kill',
    commandKey: commander.publicKey,
    issuedAt: '2026-05-01T00:00:00Z',
  });
  world.identify = (path) => ({
    id: path,
    name: 'cart',
    image: imageName,
    digest: imageDigest,
    namespace: 'shop',
  });
  worlds.push({ world, done: runAgent(world.deps(), world.config, world.stop.signal) });
  return world;
}

export const ref = (pid: number): ProcessRef => ({ pid, start: pid * 1_000_000 });

/** A copy of the cart starts as pid `n` in cgroup `n` and reads its configuration. */
export function cart(world: FakeWorld, n: number): void {
  const at = { time: world.now, process: ref(n), cgroup: n };
  world.see(
    { time: world.now, process: ref(1), kind: 'cgroup', action: 'made', id: n, path: `/k8s.io/cart-${n}` },
    { time: world.now, process: ref(n), kind: 'attach', to: n },
    { ...at, kind: 'exec', exe: '/usr/bin/cart', args: ['cart'], origin: 'image' },
    { ...at, kind: 'open', path: '/etc/cart.conf', access: 'read' },
  );
}

export const opens = (world: FakeWorld, n: number, path: string): Event => ({
  time: world.now,
  process: ref(n),
  cgroup: n,
  kind: 'open',
  path,
  access: 'read',
});

/** What the cart should not do: it starts what was dropped, which then reads secrets. */
export function attack(world: FakeWorld, n: number): void {
  world.see(
    { time: world.now, process: ref(n), kind: 'fork', child: ref(n + 1) },
    { time: world.now, process: ref(n + 1), kind: 'exec', exe: '/tmp/x', args: ['x'], origin: 'scratch' },
    { ...opens(world, n + 1, '/etc/shadow') },
  );
}

export const reportsOf = <T extends Report['type']>(
  world: FakeWorld,
  type: T,
): Extract<Report, { type: T }>[] =>
  world.reports.filter((r): r is Extract<Report, { type: T }> => r.type === type);

export function baselineOf(behaviours: readonly Behaviour[]): Baseline {
  return learn({ name: imageName, digest: imageDigest }, behaviours, {
    coverage: behaviourKinds,
    observation,
  });
}

export function signed(world: FakeWorld, version = 1): Uint8Array {
  const baseline = baselineOf(reportsOf(world, 'novelty').map((r) => r.behaviour));
  return signFingerprint(baseline, { stream: imageName, version, issuedAt: '2026-05-02T09:00:00Z' }, vendor)
    .envelope;
}

export const sha256 = (envelope: Uint8Array): string =>
  `sha256:${sha256Hex(open(envelope, [statementPayloadType]).payload)}`;

/** Learns one copy and puts what was learned in force. */
export async function inForce(world: FakeWorld): Promise<void> {
  cart(world, 100);
  await world.until(() => (reportsOf(world, 'novelty').length === 2 ? true : undefined));
  const fingerprint = signed(world);
  world.downlink?.onFingerprint(fingerprint);
  world.downlink?.onFingerprint(approvalFor([itemFor(fingerprint)]));
  await world.line('approval-in-force');
}

export async function order(world: FakeWorld, changes: Partial<Order> = {}): Promise<Order> {
  const { incident } = await world.until(() => reportsOf(world, 'incident').at(-1));
  return {
    id: 'order-1',
    action: 'kill-subtree',
    session: 'a'.repeat(32),
    seq: 1,
    target: {
      node: 'node-1',
      instance: incident.instance.id,
      process: incident.culprit,
      incident: incident.id,
    },
    reason: 'policy',
    issuedAt: '2026-05-03T12:00:00Z',
    expiresAt: '2026-05-03T12:00:30Z',
    ...changes,
  };
}
