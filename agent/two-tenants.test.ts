import { afterEach, describe, expect, it } from 'vitest';
import { behaviourKinds, type Event, type ProcessRef } from '../fingerprint/event.ts';
import type { Scope } from '../fingerprint/fingerprint.ts';
import type { Incident } from '../fingerprint/incident.ts';
import { learn } from '../fingerprint/learn.ts';
import { newTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import { scopeOf } from '../fingerprint/scope.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { FakeWorld } from '../test/fakes/agent-ports.ts';
import { observation } from '../test/fakes/behaviours.ts';
import { commander, imageDigest, imageName, vendor } from '../test/fakes/trust.ts';
import { runAgent } from './agent.ts';

const ref = (pid: number): ProcessRef => ({ pid, start: pid * 1_000_000 });
const tenants = { acme: 100, globex: 200 } as const;
type Tenant = keyof typeof tenants;

/** One node, two owners who run the same image under the same digest. */
class TwoTenants {
  readonly world = new FakeWorld();
  readonly done: Promise<void>;

  constructor() {
    const { world } = this;
    world.policy = newTrustPolicy({
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
      namespace: path.includes('acme') ? 'acme' : 'globex',
      owner: 'Deployment/cart',
    });
    this.done = runAgent(world.deps(), world.config, world.stop.signal);
  }

  start(tenant: Tenant, n: number = tenants[tenant]): void {
    const at = { time: this.world.now, process: ref(n), cgroup: n };
    const path = `/k8s.io/${tenant}-${n}`;
    this.world.see(
      { time: this.world.now, process: ref(1), kind: 'cgroup', action: 'made', id: n, path },
      { time: this.world.now, process: ref(n), kind: 'attach', to: n },
      { ...at, kind: 'exec', exe: '/usr/bin/cart', args: ['cart'], origin: 'image' },
    );
  }

  callsOut(n: number): void {
    const event: Event = {
      time: this.world.now,
      process: ref(n),
      cgroup: n,
      kind: 'connect',
      transport: 'tcp',
      address: '203.0.113.7',
      port: 443,
    };
    this.world.see(event);
  }

  learnedOf(tenant: Tenant) {
    return this.world.reports.flatMap((r) =>
      r.type === 'novelty' && r.workload.namespace === tenant ? [r] : [],
    );
  }

  /** What was learned of one tenant's copies, signed for them alone or for everybody. */
  async sign(tenant: Tenant, scope?: Scope, version = 1): Promise<void> {
    const behaviours = this.learnedOf(tenant).map((r) => r.behaviour);
    const about = { coverage: behaviourKinds, observation };
    const baseline = learn({ name: imageName, digest: imageDigest }, behaviours, about);
    const before = this.world.lines.filter((l) => l.type === 'fingerprint-in-force').length;
    const { envelope } = signFingerprint(
      scope === undefined ? baseline : { ...baseline, scope },
      { stream: `${imageName}#${scope?.namespace ?? ''}`, version, issuedAt: '2026-05-02T09:00:00Z' },
      vendor,
    );
    this.world.downlink?.onFingerprint(envelope);
    const inForce = () => this.world.lines.filter((l) => l.type === 'fingerprint-in-force').length;
    await this.world.until(() => (inForce() > before ? true : undefined));
  }

  /** Everything that was said before is dealt with: a copy that starts last is known. */
  async caughtUp(): Promise<void> {
    this.start('globex', 900);
    await this.world.until(() =>
      this.world.reports.find((r) => r.type === 'instance' && r.instance.id.endsWith('900')),
    );
  }

  workload(tenant: Tenant): Workload {
    const [first] = this.learnedOf(tenant);
    if (first === undefined) throw new Error(`nothing was learned of ${tenant}`);
    return first.workload;
  }

  incidents(tenant: Tenant): Incident[] {
    return this.world.reports.flatMap((r) =>
      r.type === 'incident' && r.incident.workload.namespace === tenant ? [r.incident] : [],
    );
  }
}

const started: TwoTenants[] = [];
afterEach(async () => {
  for (const node of started.splice(0)) {
    node.world.stop.abort();
    await node.done;
  }
});

async function learnt(): Promise<TwoTenants> {
  const node = new TwoTenants();
  started.push(node);
  node.start('acme');
  node.callsOut(tenants.acme);
  node.start('globex');
  await node.world.until(() =>
    node.learnedOf('acme').length === 2 && node.learnedOf('globex').length === 1 ? true : undefined,
  );
  return node;
}

describe('two tenants with one image', () => {
  it('are learned apart and judged apart: what one does all through learning is drift of the other', async () => {
    const node = await learnt();
    for (const tenant of ['acme', 'globex'] as const) await node.sign(tenant, scopeOf(node.workload(tenant)));
    node.callsOut(tenants.globex);
    node.callsOut(tenants.acme);
    await node.world.until(() => node.incidents('globex')[0]);
    expect(node.incidents('globex')[0]?.drifts).toMatchObject([{ kind: 'connect', because: 'first-egress' }]);
    // A later copy of the first tenant is judged by what its owner's copies taught.
    node.start('acme', 300);
    node.callsOut(300);
    await node.caughtUp();
    expect(node.incidents('acme')).toEqual([]);
  });

  it('leave the other to learn when only one of them has a fingerprint of its own', async () => {
    const node = await learnt();
    await node.sign('acme', scopeOf(node.workload('acme')));
    node.callsOut(tenants.globex);
    await node.world.until(() => (node.learnedOf('globex').length === 2 ? true : undefined));
    await node.caughtUp();
    expect(node.incidents('globex')).toEqual([]);
  });

  it('are both judged by what is signed for everybody, unless one has its own', async () => {
    const node = await learnt();
    await node.sign('globex');
    await node.sign('acme', scopeOf(node.workload('acme')));
    node.callsOut(tenants.acme);
    node.callsOut(tenants.globex);
    await node.world.until(() => node.incidents('globex')[0]);
    expect(node.incidents('acme')).toEqual([]);
  });
});
