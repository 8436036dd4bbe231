import { describe, expect, it } from 'vitest';
import { type Canary, canaryActs, canaryWorkload } from '../fingerprint/canary.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Report } from '../fingerprint/report.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { Canaries } from './canary.ts';
import { Counters } from './core/counters.ts';
import type { CanaryHand } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** An agent's canaries without a kernel: what is done is seen, or not, as the test says. */
class World {
  readonly reports: Report[] = [];
  readonly lines: StateLine[] = [];
  readonly counters = new Counters();
  readonly stop = new AbortController();
  readonly canaries: Canaries;
  sees: (canary: Canary, canaries: Canaries) => void = ({ nonce, act }, canaries) =>
    void canaries.told(incidentOf(nonce, act));
  #drawn = 0;

  constructor(hand?: string, withinMs = 10_000) {
    this.canaries = new Canaries({
      hand: hand ?? this.#hand(),
      put: (report) => void this.reports.push(report),
      counters: this.counters,
      now: () => 7,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => void this.lines.push(line),
      withinMs,
      firstMs: 0,
    });
  }

  #hand(): CanaryHand {
    return {
      cgroupPath: '/whorl-canary-test',
      shells: [{ called: '/bin/sh', exe: '/usr/bin/dash' }],
      draw: () => {
        this.#drawn += 1;
        const letter = String.fromCharCode(97 + this.#drawn);
        return { nonce: `${letter}inu-riza-mumu-tego-vuma`, act: canaryActs[0] };
      },
      perform: async (canary) => this.sees(canary, this.canaries),
    };
  }

  /** Runs until so many have been counted under this name. */
  async until(counter: string, count: number): Promise<void> {
    const run = this.canaries.run(1, this.stop.signal);
    while (this.counters.get(counter) < count) await new Promise((resolve) => setImmediate(resolve));
    this.stop.abort();
    await run;
  }
}

function incidentOf(nonce: string, kind: Canary['act']): Incident {
  const drift = { ...aDrift, kind, subject: `/bin/sh -c : ${nonce}` };
  return anIncident({ workload: canaryWorkload('local'), drifts: [drift] });
}

describe('canaries', () => {
  it('are announced before they are done, and seen', async () => {
    const world = new World();
    await world.until('canary.seen', 2);
    expect(world.reports[0]).toEqual({
      type: 'canary',
      nonce: 'binu-riza-mumu-tego-vuma',
      act: 'exec',
      period: 1,
      time: 7,
    });
    expect(world.canaries.status).toEqual({ state: 'seeing', lastSeen: 7 });
    expect(world.counters.get('canary.missed')).toBe(0);
    expect(world.lines).toEqual([]);
  });

  it('tell that nothing is seen, once, and that it is seen again', async () => {
    const world = new World(undefined, 1);
    world.sees = (canary, canaries) => {
      if (world.counters.get('canary.missed') >= 2) canaries.told(incidentOf(canary.nonce, canary.act));
    };
    await world.until('canary.seen', 1);
    expect(world.lines).toEqual([
      { type: 'canary', state: 'blind', lastSeen: 0 },
      { type: 'canary', state: 'seeing', lastSeen: 7 },
    ]);
    expect(world.counters.get('canary.missed')).toBeGreaterThanOrEqual(2);
  });

  it('know their own incident, also an earlier one that is told late, and no other', async () => {
    const world = new World();
    const answers: string[] = [];
    world.sees = ({ nonce, act }, canaries) => {
      answers.push(
        canaries.told(anIncident()),
        canaries.told(incidentOf('zafo-tizu-kemo-lari-sato', act)),
        canaries.told(incidentOf('binu-riza-mumu-tego-vuma', act)),
        canaries.told(incidentOf(nonce, act)),
      );
    };
    await world.until('canary.seen', 2);
    expect(answers.slice(4, 8)).toEqual(['no', 'no', 'whole', 'whole']);
  });

  it.each<[string, World]>([
    ['there is no cgroup for them', new World('no cgroup2 file system is mounted')],
    ['they cannot be done', new World()],
  ])('say once that %s', async (_, world) => {
    world.sees = () => {
      throw new Error('no cgroup2 file system is mounted');
    };
    await world.until('canary.failed', 1);
    const told = { state: 'impossible', lastSeen: 0, reason: 'no cgroup2 file system is mounted' } as const;
    expect(world.lines).toEqual([{ type: 'canary', ...told }]);
    expect(world.canaries.status).toEqual(told);
  });

  it('are watched although the agent starts them, and judged by what only knows their shell', () => {
    const { canaries } = new World();
    expect(canaries.watched({ trees: [], single: [] }).canary).toBe('/whorl-canary-test');
    const inForce = canaries.judging(canaryWorkload('local'));
    expect([...(inForce?.index.programs.keys() ?? [])]).toEqual(['/usr/bin/dash']);
    expect(canaries.judging({ ...canaryWorkload('local'), namespace: 'shop' })).toBeUndefined();
  });
});
