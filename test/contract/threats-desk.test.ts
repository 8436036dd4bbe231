import { describe, expect, it } from 'vitest';
import { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk, type FingerprintDeskOptions } from '../../agent/fingerprint-desk.ts';
import type { AgentState } from '../../agent/ports.ts';
import type { StateLine } from '../../agent/state-line.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { overlayBytes } from '../../fingerprint/overlay.ts';
import { approvalBytes } from '../../fingerprint/parse-approval.ts';
import type { StatementOptions } from '../../fingerprint/statement-frame.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { fingerprintBy, id, people, sitePolicy } from '../fakes/evil-trust.ts';
import { seals } from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now, signOptions } from '../fakes/trust.ts';

/** Attacks on what a node remembers, with genuine documents in the wrong order, at the wrong time or in the wrong company. */

const bank = 'registry.example/bank/ledger';
const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
const workload: Workload = {
  cluster: 'c',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: imageName, digest: imageDigest },
};
const reading = (...paths: readonly string[]): Baseline => ({
  ...baseline,
  behaviour: {
    programs: [{ ...program, files: paths.map((path) => ({ path, access: ['read'] as const })) }],
  },
});

/** A node, with its clock, its disk and its policy in the attacker's reach as far as the test says. */
class Node {
  readonly lines: StateLine[] = [];
  readonly kept = new Map<string, Uint8Array>();
  state: AgentState = { streams: {}, aliveAt: 0 };
  policy: TrustPolicy = sitePolicy(imageName, bank);
  now = now;
  /** Holds up the writing of a file until it is called. */
  delay: (name: string) => Promise<void> = async () => undefined;
  desk = this.#desk();

  #desk(): FingerprintDesk {
    const options: FingerprintDeskOptions = {
      source: {
        envelopes: async () => [...this.kept].sort().map(([name, bytes]) => ({ name, bytes })),
        keep: async (name, bytes) => {
          await this.delay(name);
          this.kept.set(name, bytes);
        },
        copy: async (name, as) => {
          const bytes = this.kept.get(name);
          if (bytes !== undefined) this.kept.set(as, bytes);
        },
        forget: async (name) => void this.kept.delete(name),
      },
      state: {
        load: async () => this.state,
        save: async (state) => {
          this.state = state;
        },
      },
      trust: async () => this.policy,
      acceptPolicy: async () => false,
      platform: { os: 'linux', architecture: 'amd64' },
      onChanged: () => undefined,
      counters: new Counters(),
      now: () => this.now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => this.lines.push(line),
    };
    return new FingerprintDesk(options);
  }

  /** @returns the code of the refusal, or `accepted` */
  async give(bytes: Uint8Array): Promise<string> {
    const from = this.lines.length;
    await this.desk.accept(bytes, 'test');
    const refusal = this.lines.slice(from).find((l) => l.type === 'fingerprint-refused');
    return refusal?.type === 'fingerprint-refused' ? refusal.code : 'accepted';
  }

  async restart(): Promise<void> {
    this.desk = this.#desk();
    await this.desk.open();
  }

  get judging(): { readonly version: number; readonly mode: string } | undefined {
    const approval = this.desk.judging(workload)?.approval;
    return approval === undefined ? undefined : { version: approval.version, mode: approval.maxMode };
  }
}

const version = (n: number, more: Partial<StatementOptions> = {}, from = baseline): Uint8Array =>
  fingerprintBy(from, { version: n, ...more });
const approving = (fingerprint: string, options: Partial<StatementOptions> = {}): Uint8Array =>
  seals(
    approvalBytes(
      { items: [{ image: workload.subject, fingerprint, mode: 'kill', carry: 'digest' }], reason: 'OPS-18' },
      { ...signOptions, stream: 'site', version: 1, ...options },
    ),
    people.approver,
  );
const digestOfJudging = (node: Node): string => node.desk.judging(workload)?.approval.fingerprint ?? '';

describe('two versions at once', () => {
  it('the older does not end in the place of the newer, whichever the disk writes first', async () => {
    const node = new Node();
    const held: (() => void)[] = [];
    let calls = 0;
    node.delay = async () => {
      calls += 1;
      if (calls === 1) await new Promise<void>((resolve) => held.push(resolve));
    };
    const both = [node.give(version(7)), node.give(version(8))];
    await new Promise((resolve) => setImmediate(resolve));
    for (const go of held) go();
    await Promise.all(both);
    expect(node.judging?.version).toBe(8);
    await node.restart();
    expect(node.judging?.version).toBe(8);
    expect(await node.give(version(7))).toBe('ROLLBACK');
  });
});

describe('what a policy takes back', () => {
  it('judges no more at once, and not after a start either; what the newer had replaced does not come back with it', async () => {
    const node = new Node();
    await node.give(version(7));
    await node.give(version(8));
    expect(node.judging?.version).toBe(8);
    node.policy = sitePolicy(imageName, bank, {
      revoked: { keys: { [id('vendor')]: { at: '2026-05-03T00:00:00Z', reason: 'lost' } } },
    });
    await node.desk.look();
    expect(node.judging).toBeUndefined();
    await node.restart();
    expect(node.judging).toBeUndefined();
    expect(await node.give(version(9))).toBe('KEY_REVOKED');
    expect(await node.give(version(8, {}, reading('/srv')))).toBe('KEY_REVOKED');
  });
});

describe('a clock that is set back', () => {
  it('does not let a key of somebody who has left sign anew', async () => {
    const node = new Node();
    node.policy = sitePolicy(imageName, bank, { retired: { [id('left')]: { at: '2026-05-03T00:00:00Z' } } });
    await node.desk.alive(node.now * 1000);
    await node.restart();
    node.now = Date.UTC(2026, 4, 2, 12);
    const backdated = fingerprintBy(
      reading('/srv'),
      { version: 9, issuedAt: '2026-05-02T09:00:00Z' },
      people.left,
    );
    expect(await node.give(backdated)).toBe('KEY_RETIRED');
    expect(await node.give(backdated)).toBe('KEY_RETIRED');
    expect(node.judging).toBeUndefined();
  });
});

describe('a forbidden overlay', () => {
  const options = { ...signOptions, stream: 'site', version: 1 };
  const overlay = (base: string, path: string, n: number): Uint8Array => {
    const add = {
      programs: [
        { ...program, origins: [], args: [], network: [], files: [{ path, access: ['read'] as const }] },
      ],
    };
    const bindings = { sites: new Map(), volumes: new Map() };
    return seals(
      overlayBytes({ subject: workload.subject, base, bindings, add }, { ...options, version: n }),
      people.overlayer,
    );
  };

  it('is refused, and does not take the place of the one before', async () => {
    const node = new Node();
    await node.give(version(7));
    const base = digestOfJudging(node);
    expect(await node.give(overlay(base, '/etc/passwd', 1))).toBe('accepted');
    expect(await node.give(overlay(base, '/etc/shadow', 2))).toBe('OVERLAY_FORBIDDEN');
    expect(await node.give(overlay(base, '/etc/group', 2))).toBe('accepted');
  });

  it('is told when it came before its fingerprint', async () => {
    const known = new Node();
    await known.give(version(7));
    const base = digestOfJudging(known);
    const node = new Node();
    expect(await node.give(overlay(base, '/etc/shadow', 1))).toBe('accepted');
    expect(await node.give(version(7))).toBe('OVERLAY_FORBIDDEN');
    expect(node.judging?.version).toBe(7);
  });
});

describe('two genuine fingerprints of one image', () => {
  const looser = version(1, { stream: 'debug' }, reading('/etc/cart.conf', '/srv/more'));
  it.each([
    ['before', [looser, version(7)]],
    ['after', [version(7), looser]],
  ])('the one that a person approved judges, come the other %s it', async (_when, envelopes) => {
    const known = new Node();
    await known.give(version(7));
    const approval = approving(digestOfJudging(known));
    const node = new Node();
    for (const bytes of [...envelopes, approval]) expect(await node.give(bytes)).toBe('accepted');
    expect(node.judging).toEqual({ version: 7, mode: 'kill' });
    await node.restart();
    expect(node.judging).toEqual({ version: 7, mode: 'kill' });
  });
});
