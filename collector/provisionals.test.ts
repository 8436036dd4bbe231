import { describe, expect, it } from 'vitest';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Phase } from '../fingerprint/phase.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { learnedOf } from '../test/fakes/learned.ts';
import { anInstance, aSupport, shop } from '../test/fakes/reports.ts';
import { testKey } from '../test/fakes/trust.ts';
import { nothingBeforehand } from './core/baselines.ts';
import type { AgentLink, ProvisionalRow } from './ports.ts';
import { Provisionals, type ProvisionalsOptions } from './provisionals.ts';
import type { StateLine } from './state-line.ts';

const learned = learnedOf(shop, 'shop');
const hash = workloadHash(shop);
const report = <T extends 'instance' | 'support'>(r: ReturnType<typeof anInstance>) =>
  r as Extract<typeof r, { type: T }>;

class World {
  row: ProvisionalRow | undefined;
  now = 1_777_809_600_000;
  readonly told: StateLine[] = [];
  readonly sent: Uint8Array[] = [];
  readonly link: AgentLink = {
    hello: {
      agent: 'a1',
      node: 'n',
      cluster: 'local',
      session: 's',
      version: '1',
      source: 'sensor',
      coverage: [],
      acked: 0,
    },
    order: () => undefined,
    lease: () => undefined,
    fingerprint: (envelope) => this.sent.push(envelope),
    refuse: () => undefined,
  };
  readonly provisionals: Provisionals;

  constructor(over: Partial<ProvisionalsOptions> = {}) {
    this.provisionals = new Provisionals({
      store: {
        provisional: async () => this.row,
        provisionals: async () => (this.row === undefined ? [] : [hash]),
        provisionalsOf: async () => (this.row === undefined ? [] : [this.row.envelope]),
        saveProvisional: async (_hash, row) => {
          this.row = row;
        },
        agentsOf: async () => ['a1', 'gone'],
      },
      learner: { sign: (baseline, about) => signProvisional(baseline, about, testKey(5)).envelope },
      refusal: () => undefined,
      linkOf: (agent) => (agent === 'a1' ? this.link : undefined),
      now: () => this.now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      tell: (line) => this.told.push(line),
      ...over,
    });
  }

  async ready(...phases: readonly Phase[]): Promise<this> {
    await this.provisionals.consider(learned, nothingBeforehand, { ready: true, phases, reasons: [] });
    return this;
  }
}

describe('what was learned', () => {
  it('is signed once for each phase that becomes known, and handed to who runs it', async () => {
    const world = await new World().ready('steady');
    await world.ready('steady');
    await world.ready('start', 'steady');
    await world.ready('steady');
    expect(world.told).toMatchObject([
      { type: 'provisional', version: 1, phases: ['steady'] },
      { type: 'provisional', version: 2, phases: ['start', 'steady'] },
    ]);
    expect(world.sent).toHaveLength(2);
    expect(await world.provisionals.describe(hash)).toMatchObject({ provisional: { version: 2 } });
  });

  it('says why it was not signed, until it can be', async () => {
    let isSecret = true;
    const world = new World({
      learner: {
        sign: (baseline, about) => {
          if (isSecret)
            throw new FingerprintError('SECRET_FOUND', 'looks like a secret', { field: 'behaviour' });
          return signProvisional(baseline, about, testKey(5)).envelope;
        },
      },
    });
    await world.ready('steady');
    expect(await world.provisionals.describe(hash)).toEqual({
      notSigned: 'behaviour looks like a secret (SECRET_FOUND)',
    });
    isSecret = false;
    await world.ready('steady');
    expect(await world.provisionals.describe(hash)).not.toHaveProperty('notSigned');
  });

  it('is sent again to an agent that goes on learning what is judged, not at each of its reports', async () => {
    const world = await new World().ready('start', 'steady');
    const support = report<'support'>(aSupport([0]));
    await world.provisionals.reported(world.link, support);
    expect(world.sent).toHaveLength(1);
    world.now += 601_000;
    await world.provisionals.reported(world.link, support);
    await world.provisionals.reported(world.link, support);
    expect(world.sent).toHaveLength(2);
  });

  it('is not sent because of support that is meant to come: starts are still learned', async () => {
    const world = await new World().ready('steady');
    world.now += 601_000;
    await world.provisionals.reported(world.link, report<'support'>(aSupport([0])));
    await world.provisionals.reported(world.link, report<'instance'>(anInstance('shop-1', 'exited')));
    expect(world.sent).toHaveLength(1);
    await world.provisionals.reported(world.link, report<'instance'>(anInstance('shop-1')));
    expect(world.sent).toHaveLength(2);
  });

  it('is remembered over a restart', async () => {
    const { row } = await new World().ready('steady');
    const world = new World();
    world.row = row;
    await world.provisionals.restore();
    expect(world.provisionals.count).toBe(1);
    await world.provisionals.sendAll(world.link);
    expect(world.sent).toEqual([row?.envelope]);
  });
});
