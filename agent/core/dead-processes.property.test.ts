import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Event } from '../../fingerprint/event.ts';
import type { Attributed } from './attributed.ts';
import { Attribution } from './attribution.ts';
import { Counters } from './counters.ts';

const ref = fc.record({ pid: fc.integer({ min: 2, max: 7 }), start: fc.integer({ min: 1, max: 4 }) });
const cgroup = fc.integer({ min: 2, max: 4 });
const probes = [['/a', '-x']];
const base = {
  process: ref,
  parent: fc.option(ref, { nil: undefined }),
  cgroup: fc.option(cgroup, { nil: undefined }),
};
const kinds = [
  fc.record({ ...base, kind: fc.constant('fork' as const), child: ref }),
  fc.record({
    ...base,
    kind: fc.constant('exec' as const),
    exe: fc.constantFrom('/a', '/b'),
    args: fc.constantFrom([], ['/a', '-x'], ['b']),
    cwd: fc.constantFrom('/', '/srv'),
    found: fc.constantFrom(undefined, undefined, true as const),
  }),
  fc.record({ ...base, kind: fc.constant('exit' as const), code: fc.constant(0) }),
  fc.record({ ...base, kind: fc.constant('exit' as const), code: fc.constant(1) }),
  fc.record({
    ...base,
    kind: fc.constant('open' as const),
    path: fc.constant('/etc/hosts'),
    access: fc.constant('read' as const),
  }),
  fc.record({ ...base, kind: fc.constant('attach' as const), to: cgroup }),
];

const steps = fc.array(
  fc.record({
    event: fc.oneof(...kinds),
    later: fc.nat({ max: 8_000_000 }),
    /** What befalls whoever acted. */
    after: fc.constantFrom('nothing', 'nothing', 'mark', 'outside', 'identify', 'restate', 'settle'),
  }),
  { maxLength: 150 },
);

/** One way through the same events. */
class Way {
  readonly attribution: Attribution;
  readonly counters = new Counters();
  readonly said: unknown[] = [];

  constructor(unpacked: number) {
    this.attribution = new Attribution({ counters: this.counters, maxProcesses: 24, unpacked });
    for (const [id, path] of [
      [2, '/k8s.io/c1'],
      [3, '/demo/a'],
      [4, '/k8s.io/c1/x'],
    ] as const)
      this.#hear([
        ...this.attribution.observe({
          kind: 'cgroup',
          time: 0,
          process: { pid: 0, start: 0 },
          action: 'found',
          id,
          path,
        }),
      ]);
  }

  take(event: Event, after: string): void {
    const items = this.attribution.observe(event);
    this.#hear(items);
    for (const item of items) if (item.type === 'act') this.#befall(item, after);
    if (after === 'settle') this.#hear(this.attribution.settle(event.time));
    this.said.push(this.attribution.subtree(event.process));
  }

  #befall({ instance, process }: Extract<Attributed, { type: 'act' }>, after: string): void {
    const { attribution } = this;
    if (after === 'mark' || after === 'outside')
      this.said.push(attribution.mark(process, after === 'outside'));
    if (after === 'restate') this.#hear(attribution.restate(instance));
    if (after !== 'identify') return;
    instance.container = { id: instance.id, probes };
    this.#hear(
      attribution.identify(instance, { kind: 'image', subject: { name: 'x', digest: 'x' } } as never),
    );
  }

  #hear(items: readonly Attributed[]): void {
    for (const item of items) {
      if (item.type !== 'act') {
        this.said.push([item.type, item.instance?.id, item.type === 'instance' && item.state]);
        continue;
      }
      const { instance, process, actor, assumed, event, image } = item;
      const { ref: who, culprit, outside, root, own, cgroup: where, entrance, enteredAt } = process;
      const program = image && [image.exe, image.args, image.cwd, image.found];
      this.said.push([instance.id, instance.live, { ...who }, actor, assumed, event, program]);
      this.said.push([culprit, outside, root, own, where, entrance, enteredAt, process.parent?.ref]);
    }
  }
}

it('the dead that are packed are who they were', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const [packed, plain] = [new Way(0), new Way(Number.POSITIVE_INFINITY)];
      let time = 1;
      for (const { event, later, after } of list) {
        time += later;
        const clean = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
        for (const way of [packed, plain]) way.take({ ...clean, time } as Event, after);
        expect(packed.said.splice(0)).toEqual(plain.said.splice(0));
      }
      expect(packed.counters.snapshot()).toEqual(plain.counters.snapshot());
    }),
    { numRuns: 1_000 },
  );
});
