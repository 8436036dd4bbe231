import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyStoreFile } from '../../agent/adapters/policy-store-file.ts';
import { readTrustFile } from '../../agent/adapters/trust-file.ts';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { PolicyDesk } from '../../agent/policy-desk.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { Child } from '../fakes/children.ts';
import { enrolled } from '../fakes/enrolled.ts';
import { trustWorld } from '../fakes/trust-world.ts';

/** The command line and a real collector; the agent's own desk and files on the other side of the wire. */
let world: ReturnType<typeof trustWorld>;
let dir: string;
let undo: (() => Promise<unknown> | unknown)[];
beforeEach(() => {
  world = trustWorld();
  dir = mkdtempSync(join(tmpdir(), 'whorl-push-'));
  undo = [];
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  rmSync(dir, { recursive: true, force: true });
  world.remove();
});

async function collecting(): Promise<{ address: string; caFile: string }> {
  const child = new Child(new URL('../fakes/collector-process.ts', import.meta.url), {
    dataDir: dir,
    listen: '127.0.0.1:0',
    eventsJson: true,
    logLevel: 'error',
  });
  undo.push(async () => {
    child.kill('SIGKILL');
    await child.ended();
  });
  const ready = await child.line((line) => line.type === 'collector-ready');
  return ready as unknown as { address: string; caFile: string };
}

/** A node whose policies come down the wire. */
class Node implements Downlink {
  readonly lines: StateLine[] = [];
  readonly #desk: PolicyDesk;
  #tail: Promise<unknown> = Promise.resolve();
  #wake: (() => void)[] = [];

  constructor(trust: string, store: string) {
    this.#desk = new PolicyDesk({
      local: () => readTrustFile(trust),
      store: policyStoreFile(store),
      now: () => Date.now(),
      counters: new Counters(),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => {
        this.lines.push(line);
        for (const wake of this.#wake.splice(0)) wake();
      },
    });
  }

  async start(collector: { address: string; caFile: string }, name: string): Promise<this> {
    await this.#desk.open();
    await this.#desk.trust();
    const ending = new AbortController();
    const about = { agent: name, node: name, cluster: 'local', session: '1'.repeat(32), version: 'test' };
    const { address, caFile } = collector;
    const source = { source: 'fake', coverage: ['exec'] as const, random: () => 0 };
    const uplink = new GrpcUplink({ ...about, ...source, address, identity: enrolled(caFile, about) });
    const run = uplink.run(this, ending.signal);
    undo.push(async () => {
      ending.abort();
      await run;
      await this.#tail;
    });
    return this;
  }

  onWelcome(): void {}
  onAck(): void {}
  onOrder(): void {}
  onLease(): void {}
  onState(): void {}
  onFingerprint(envelope: Uint8Array): void {
    this.#tail = this.#desk.accept(envelope, 'collector');
  }

  /** Until the policy of that version is in force here. */
  async at(version: number): Promise<void> {
    const isThere = (): boolean =>
      this.lines.some((l) => l.type === 'policy-in-force' && l.version === version);
    while (!isThere()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}

describe('trust push', () => {
  it('reaches every agent, those that come later and those that start anew', async () => {
    const [first, second, third] = [1, 2, 3].map((n) => world.at(`p${n}.json`)) as [string, string, string];
    const whorl = async (...args: string[]): Promise<void> => {
      const io = await world.whorl(args, { now: () => Date.now() });
      expect([io.exitCode, io.stderr.join()]).toEqual([0, expect.any(String)]);
    };
    const root = ['--root', world.pub, '--max-mode', 'kill'];
    await whorl('trust', 'init', '--signer', world.pub, '--image', '**', ...root, '--out', first);
    await whorl('trust', 'revoke', first, '--min-version', 'a=2', '--reason', 'x', '--out', second);
    await whorl('trust', 'revoke', second, '--min-version', 'a=3', '--reason', 'x', '--out', third);
    const collector = await collecting();
    const early = await new Node(first, join(dir, 'early.json')).start(collector, 'early');
    for (const path of [second, third]) {
      await whorl('trust', 'sign', path, '--key', world.key, '--out', `${path}.dsse`);
      await whorl('trust', 'push', `${path}.dsse`, '--data-dir', dir);
    }
    await early.at(3);
    const late = await new Node(first, join(dir, 'late.json')).start(collector, 'late');
    await late.at(3);
    const again = new Node(first, join(dir, 'early.json'));
    await again.start(collector, 'early-again');
    expect(again.lines).toEqual([
      expect.objectContaining({ type: 'policy-in-force', version: 3, source: 'collector' }),
    ]);
    expect([...early.lines, ...late.lines].filter((l) => l.type === 'policy-refused')).toEqual([]);
  }, 60_000);
});
