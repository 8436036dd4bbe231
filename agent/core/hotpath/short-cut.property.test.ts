import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import type { Workload } from '../../../fingerprint/workload.ts';
import { Stage, story } from '../../../test/fakes/sensor-stage.ts';
import type { Attributed } from '../attributed.ts';
import { Attribution } from '../attribution.ts';
import { Counters } from '../counters.ts';
import { createSensorNormaliser } from '../normalise/sensor.ts';
import { Watch, type WatchOutput } from '../watch.ts';
import type { InForce } from '../watched.ts';
import { ShortCut } from './short-cut.ts';

const workload: Workload = {
  cluster: 'c',
  namespace: 'n',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: 'cart', digest: `sha256:${'a'.repeat(64)}` },
};
/** The agent's core between the bytes and what is told, with or without the short cut. */
class Rig {
  readonly counters = new Counters();
  readonly told: WatchOutput[] = [];
  readonly #attribution = new Attribution({ counters: this.counters });
  readonly #shortCut = new ShortCut({
    attribution: this.#attribution,
    counters: this.counters,
    take: (events) => this.#take(events),
  });
  readonly #watch = new Watch({
    node: 'n',
    coverage: () => this.#normaliser.coverage(),
    counters: this.counters,
    attribution: this.#attribution,
    onKnown: (act, copy) => this.#shortCut.known(act, copy),
  });
  readonly #normaliser = createSensorNormaliser();
  readonly #withShortCut: boolean;
  inForce: InForce | undefined;

  constructor(withShortCut: boolean) {
    this.#withShortCut = withShortCut;
  }

  read(chunk: Uint8Array): void {
    this.#take(this.#normaliser.push(chunk, this.#withShortCut ? this.#shortCut : undefined));
    this.#shortCut.settle();
  }

  judgeBy(inForce: InForce | undefined): void {
    this.inForce = inForce;
    this.told.push(...this.#watch.setInForce(workload, inForce));
  }

  finish(): { told: readonly WatchOutput[]; counters: object; answered: number } {
    for (const item of this.#attribution.settle()) this.#handle(item);
    this.told.push(...this.#watch.tick(Number.MAX_SAFE_INTEGER), ...this.#watch.support(0));
    const { told, counters } = this;
    const open = this.#watch.openIncidents();
    const answered = this.#normaliser.counters()['sensor.skipped'] ?? 0;
    return { told, counters: { ...counters.snapshot(), open }, answered };
  }

  #take(events: Parameters<ConstructorParameters<typeof ShortCut>[0]['take']>[0]): void {
    this.counters.add('events', events.length);
    for (const event of events) for (const item of this.#attribution.observe(event)) this.#handle(item);
  }

  #handle(item: Attributed): void {
    if (item.type !== 'instance' || item.state === 'exited') {
      this.told.push(...this.#watch.observe(item));
      return;
    }
    const { instance } = item;
    this.told.push(...this.#watch.began(instance, workload, 'started'));
    this.judgeBy(this.inForce);
    for (const waited of this.#attribution.identify(instance, workload)) this.#handle(waited);
  }
}

function fingerprints(): readonly (InForce | undefined)[] {
  const node = { root: 'entrypoint', lineage: ['/srv/a'] } as const;
  const shell = { root: 'entrypoint', lineage: ['/srv/a', '/srv/b'] } as const;
  const coverage = ['exec', 'open', 'load', 'delete', 'connect'] as const;
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T01:00:00Z',
    source: 'sensor',
    events: 1,
    lost: 0,
    instances: [],
  };
  const of = (names: readonly string[], id: string): InForce => ({
    index: indexBehaviour(
      learn(
        workload.subject,
        [
          { ...node, kind: 'exec', args: ['/srv/a'], origin: 'image' },
          { ...shell, kind: 'exec', args: ['/srv/b'], origin: 'image' },
          { ...node, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 0 },
          ...[node, shell].flatMap((actor) =>
            names.map((n) => ({ ...actor, kind: 'open', path: `/srv/${n}`, access: 'read' }) as const),
          ),
        ],
        { coverage, observation },
      ),
    ),
    approval: { fingerprint: id, version: 1, signedBy: 'p', maxMode: 'kill' },
  });
  return [undefined, of(['a', 'b', 'c'], 'sha256:1'), of(['b', 'c', 'd', 'e'], 'sha256:2')];
}

it('tells and counts the same with and without the short cut, whatever happens in between', () => {
  const choices = fingerprints();
  let answered = 0;
  fc.assert(
    fc.property(story, (chunks) => {
      const [short, long] = [new Rig(true), new Rig(false)];
      const stage = new Stage();
      for (const { steps, judge } of chunks) {
        for (const step of steps) stage.play(step);
        const chunk = stage.take();
        for (const rig of [short, long]) {
          rig.judgeBy(choices[judge]);
          rig.read(chunk);
        }
      }
      const [a, b] = [short.finish(), long.finish()];
      expect(a.told).toEqual(b.told);
      expect(a.counters).toEqual(b.counters);
      answered += a.answered;
    }),
    { numRuns: 60 },
  );
  // Else the property would hold for want of anything to compare.
  expect(answered).toBeGreaterThan(200);
}, 60_000);
