import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Event } from '../../fingerprint/event.ts';
import { Attribution } from './attribution.ts';
import { Counters } from './counters.ts';
import { ProcessTable } from './process-table.ts';

const ref = fc.record({ pid: fc.integer({ min: 0, max: 6 }), start: fc.integer({ min: 0, max: 4 }) });
const cgroup = fc.integer({ min: 1, max: 5 });
const path = fc.constantFrom(
  '/',
  '/k8s.io/c1',
  '/k8s.io/c1/x',
  '/demo/a',
  '/demo/a/b',
  '/system.slice/x.service',
  '//',
  '',
);
const base = {
  process: ref,
  parent: fc.option(ref, { nil: undefined }),
  cgroup: fc.option(cgroup, { nil: undefined }),
  found: fc.constantFrom(true as const, undefined),
  container: fc.option(fc.record({ id: fc.constantFrom('c1', 'c2') }), { nil: undefined }),
};
const kinds = [
  fc.record({ ...base, kind: fc.constant('fork' as const), child: ref }),
  fc.record({
    ...base,
    kind: fc.constant('exec' as const),
    exe: fc.constantFrom('/a', '/b', ''),
    args: fc.constant([]),
  }),
  fc.record({ ...base, kind: fc.constant('exit' as const), code: fc.constant(0) }),
  fc.record({
    ...base,
    kind: fc.constant('open' as const),
    path: fc.string(),
    access: fc.constant('read' as const),
  }),
  fc.record({
    ...base,
    kind: fc.constant('attach' as const),
    to: cgroup,
    path: fc.option(path, { nil: undefined }),
  }),
  fc.record({
    ...base,
    kind: fc.constant('cgroup' as const),
    action: fc.constantFrom('found' as const, 'made' as const, 'removed' as const),
    id: cgroup,
    path,
  }),
  fc.record({
    ...base,
    kind: fc.constant('gap' as const),
    since: fc.constant(0),
    until: fc.nat(),
    lost: fc.nat(),
    reason: fc.constant('r'),
  }),
];

/** Members that are undefined are absent, as in every event a parser gives. */
function clean(event: object, time: number): Event {
  return { ...Object.fromEntries(Object.entries(event).filter(([, v]) => v !== undefined)), time } as Event;
}

const events = fc.array(fc.tuple(fc.oneof(...kinds), fc.nat({ max: 40_000_000 })), { maxLength: 120 });

it.each([true, false])(
  'attribution survives events in any order and never miscounts the living (offline %s)',
  (offline) => {
    fc.assert(
      fc.property(events, (list) => {
        const attribution = new Attribution({ counters: new Counters(), offline, maxProcesses: 8 });
        const started = new Set<object>();
        for (const [event, time] of list) {
          for (const item of attribution.observe(clean(event, time))) {
            if (item.type === 'instance' && item.state !== 'exited') {
              started.add(item.instance);
              expect(item.instance.first).toBeDefined();
            }
            if (item.instance !== undefined) expect(item.instance.live).toBeGreaterThanOrEqual(0);
            if (item.type === 'act') expect(item.actor.lineage.length).toBeGreaterThan(0);
          }
          attribution.subtree(event.process);
        }
        attribution.settle();
      }),
      { numRuns: 400 },
    );
  },
);

it('a process table keeps its bound and its kinship whatever happens', () => {
  const step = fc.tuple(fc.constantFrom('add', 'exit', 'expire'), ref, ref, fc.nat({ max: 100 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new ProcessTable({ maxProcesses: 6, graceUs: 10 });
      for (const [what, a, b, time] of steps) {
        const record = table.get(a);
        if (what === 'add' && record === undefined) table.add(a, table.get(b), time);
        if (what === 'exit' && record !== undefined) table.exit(record, time);
        if (what === 'expire') table.expire(time);
        expect(table.size).toBeLessThanOrEqual(6);
      }
      for (const record of table.living()) {
        expect(table.get(record.ref)).toBe(record);
        for (const child of record.children) expect(child.parent).toBe(record);
        if (record.parent !== undefined) expect(record.parent.children.has(record)).toBe(true);
        expect([...table.descendants(record)].length).toBeLessThanOrEqual(6);
      }
    }),
    { numRuns: 400 },
  );
});
