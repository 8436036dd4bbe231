import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  list,
  path,
  type RecordToWrite,
  SensorWriter,
  text,
  type Who,
} from '../../../bench/sensor-writer.ts';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import type { Workload } from '../../../fingerprint/workload.ts';
import type { Attributed } from '../attributed.ts';
import { Attribution } from '../attribution.ts';
import { Counters } from '../counters.ts';
import { createSensorNormaliser } from '../normalise/sensor.ts';
import { fieldTag, recordFlag, recordType } from '../normalise/sensor-record.ts';
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
const imageFile = (8 << 12) | 1 | 2;

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

type Step =
  | {
      readonly do: 'open' | 'load' | 'delete' | 'accept' | 'exec';
      readonly pid: number;
      readonly name: number;
      readonly flags: number;
    }
  | { readonly do: 'fork'; readonly pid: number; readonly child: number }
  | { readonly do: 'exit'; readonly pid: number }
  | { readonly do: 'attach'; readonly pid: number; readonly to: number };

const pid = fc.integer({ min: 100, max: 104 });
const helper = fc.integer({ min: 103, max: 104 });
const name = fc.constantFrom(0, 0, 1, 1, 2, 3, 5);
const oneStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 120,
    arbitrary: fc.record({
      do: fc.constantFrom('open', 'open', 'load', 'delete', 'accept' as const),
      pid,
      name,
      flags: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, recordFlag.found, recordFlag.truncated),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('exec' as const),
      pid,
      name,
      flags: fc.constantFrom(0, 0, recordFlag.found),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fork' as const), pid, child: helper }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exit' as const), pid }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('attach' as const), pid, to: fc.constantFrom(1, 44, 45) }),
  },
);

/** Long enough that most acts come again and again; a change of what judges stands between chunks. */
const story = fc.array(
  fc.record({
    steps: fc.array(oneStep, { minLength: 100, maxLength: 250, size: 'max' }),
    judge: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 4, size: 'max' },
);

/** Plays a small node: who lives with which start in which cgroup, so that records are such as a kernel would write. */
class Stage {
  readonly #writer = new SensorWriter();
  readonly #alive = new Map<number, Who>();
  #time = 10_000_000_000;

  constructor() {
    const manager: Who = { pid: 50, start: 1_000_000_000, parent: { pid: 1, start: 0 }, cgroup: 1 };
    const cgroups: readonly [number, string][] = [
      [1, '/'],
      [44, '/copy-a'],
      [45, '/copy-b'],
    ];
    for (const [id, at] of cgroups)
      this.#write({
        type: recordType.cgroup,
        who: manager,
        a: 1,
        b: id,
        fields: [[fieldTag.text, text(at)]],
      });
    for (const first of [100, 101, 102]) {
      this.#alive.set(50, manager);
      this.#fork(50, first);
      this.#attach(first, first === 102 ? 45 : 44);
      this.#act({ do: 'exec', pid: first, name: 0, flags: 0 });
    }
  }

  play(step: Step): void {
    this.#time += 1_000_000;
    switch (step.do) {
      case 'fork':
        this.#fork(step.pid, step.child);
        break;
      case 'exit':
        this.#exit(step.pid);
        break;
      case 'attach':
        this.#attach(step.pid, step.to);
        break;
      default:
        this.#act(step);
    }
  }

  #exit(pid: number): void {
    const who = this.#alive.get(pid);
    if (who === undefined) return;
    this.#alive.delete(pid);
    this.#write({ type: recordType.exit, who });
  }

  take(): Uint8Array {
    const bytes = this.#writer.bytes();
    const from = this.#taken;
    this.#taken = bytes.length;
    return bytes.slice(from);
  }
  #taken = 0;

  #act(step: Extract<Step, { do: 'open' | 'load' | 'delete' | 'accept' | 'exec' }>): void {
    const who = this.#alive.get(step.pid);
    if (who === undefined) return;
    const at = `/srv/${'abcdef'[step.name]}`;
    const type = recordType[step.do];
    const facts = step.do === 'exec' && step.name === 5 ? 8 << 12 : imageFile;
    this.#write({
      type,
      who,
      flags: step.flags,
      facts,
      fields: [
        // Every other name is no address: of such an accept no event is made.
        step.do === 'accept' && step.name !== 1
          ? [fieldTag.address, Uint8Array.of(10, 0, 0, step.name)]
          : [fieldTag.path, path(at)],
        ...(step.do === 'exec' ? [[fieldTag.args, list([at])] as const] : []),
      ],
    });
  }

  #fork(parentPid: number, childPid: number): void {
    const parent = this.#alive.get(parentPid);
    if (parent === undefined || parentPid === childPid) return;
    // A pid that comes back was free: its last owner is gone, whether or not the exit was told.
    const start = this.#time + 500;
    this.#alive.set(childPid, { pid: childPid, start, parent, cgroup: parent.cgroup });
    this.#write({ type: recordType.fork, who: parent, a: childPid, b: start, c: parent.cgroup });
  }

  #attach(member: number, to: number): void {
    const who = this.#alive.get(member);
    if (who === undefined) return;
    const at = to === 1 ? '/' : to === 44 ? '/copy-a' : '/copy-b';
    this.#write({ type: recordType.attach, who, a: to, fields: [[fieldTag.text, text(at)]] });
    this.#alive.set(member, { ...who, cgroup: to });
  }

  #write(record: RecordToWrite): void {
    this.#time += 10_000;
    this.#writer.write(this.#time, record);
  }
}

function fingerprints(): readonly (InForce | undefined)[] {
  const node = { root: 'entrypoint', lineage: ['/srv/a'] } as const;
  const shell = { root: 'entrypoint', lineage: ['/srv/a', '/srv/b'] } as const;
  const coverage = ['exec', 'open', 'load', 'delete'] as const;
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
    { numRuns: 150 },
  );
  // Else the property would hold for want of anything to compare.
  expect(answered).toBeGreaterThan(200);
});
