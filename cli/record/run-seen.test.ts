import { describe, expect, it } from 'vitest';
import type { ContainerRuntime, RunningContainer } from '../../agent/ports/containers.ts';
import type { Event } from '../../fingerprint/event.ts';
import { unpushedDigest } from '../../fingerprint/image-ref.ts';
import { meantRuntime, newCensus } from './meant-runtime.ts';
import { RunCollector } from './run-seen.ts';
import { imageTargets, type Target } from './target.ts';

const [cart] = imageTargets(['shop/cart'], undefined);
const targets: readonly Target[] = cart === undefined ? [] : [cart];
const digest = `sha256:${'ab'.repeat(32)}`;

const known = (containers: Readonly<Record<string, RunningContainer | Error>>): ContainerRuntime => ({
  name: 'known',
  identify: async (path) => {
    const found = containers[path];
    if (found instanceof Error) throw found;
    return found;
  },
});
const first = { pid: 7, start: 1000 };

describe('who is recorded', () => {
  it('is who runs an image that is meant and started meanwhile', async () => {
    const census = newCensus();
    const runtime = meantRuntime(
      [
        known({}),
        known({
          '/k8s.io/a': { id: 'a', image: 'shop/cart:1', digest },
          '/k8s.io/b': { id: 'b', image: 'shop/cart:1' },
          '/k8s.io/c': { id: 'c', image: 'shop/db:1', digest },
        }),
      ],
      targets,
      500,
      census,
    );
    expect(await runtime.identify('/k8s.io/a', first)).toMatchObject({ id: 'a', digest });
    expect(await runtime.identify('/k8s.io/b', first)).toMatchObject({ id: 'b', digest: unpushedDigest });
    expect(await runtime.identify('/k8s.io/c', first)).toBeUndefined();
    expect(await runtime.identify('/system.slice/cron.service', first)).toBeUndefined();
    expect([...census.targets.keys()]).toEqual(['a', 'b']);
    expect([...(census.digests.get(targets[0] as Target) ?? [])]).toEqual([digest]);
    expect(census.unnamed.size).toBe(0);
  });

  it('is not who ran before, which is told', async () => {
    const census = newCensus();
    const runtime = meantRuntime(
      [known({ '/k8s.io/a': { id: 'a', image: 'shop/cart:1' } })],
      targets,
      2000,
      census,
    );
    expect(await runtime.identify('/k8s.io/a', first)).toBeUndefined();
    expect(await runtime.identify('/k8s.io/gone', first)).toBeUndefined();
    expect([...census.older.values()].map((ids) => [...ids])).toEqual([['a']]);
    expect(census.unnamed.size).toBe(0);
  });

  it('is unknown where a container ended before anybody could name it, or no runtime answers', async () => {
    const census = newCensus();
    const containers: Record<string, RunningContainer | Error> = { '/k8s.io/b': new Error('away') };
    const runtime = meantRuntime([known(containers)], targets, 500, census);
    expect(await runtime.identify('/k8s.io/a', first)).toBeUndefined();
    await expect(runtime.identify('/k8s.io/b', first)).rejects.toThrow('away');
    expect([...census.unnamed]).toEqual(['/k8s.io/a', '/k8s.io/b']);
    containers['/k8s.io/b'] = { id: 'b', image: 'other:1' };
    await runtime.identify('/k8s.io/b', first);
    expect([...census.unnamed]).toEqual(['/k8s.io/a']);
  });
});

describe('what was lost', () => {
  const gap = (cgroup: number | undefined, lost = 3): Extract<Event, { kind: 'gap' }> => ({
    kind: 'gap',
    time: 100,
    process: { pid: 0, start: 0 },
    since: 90,
    until: 100,
    lost,
    reason: 'rate limit: open',
    ...(cgroup === undefined ? {} : { cgroup }),
  });
  const lostOf = (...gaps: readonly (readonly [Extract<Event, { kind: 'gap' }>, string | undefined])[]) => {
    const census = newCensus();
    census.cgroups.add('/k8s.io/a');
    const collector = new RunCollector(census, targets);
    for (const [event, path] of gaps) collector.gap(event, path);
    return collector.lostSince(50);
  };

  it.each<[string, readonly [number | undefined, string | undefined], number]>([
    ['by a recorded container', [1, '/k8s.io/a'], 3],
    ['below it', [1, '/k8s.io/a/inner'], 3],
    ['by anybody', [undefined, undefined], 3],
    ['by a cgroup nobody knows', [1, undefined], 3],
    ['by another container', [1, '/k8s.io/ab'], 0],
    ['by the tests themselves', [1, '/'], 0],
  ])('%s', (_who, [id, path], lost) => expect(lostOf([gap(id), path]).lost).toBe(lost));

  it('counts where nobody knows how much, and not what was lost before', () => {
    expect(lostOf([gap(undefined, 0), undefined])).toEqual({ lost: 1, reasons: ['rate limit: open'] });
    expect(lostOf([{ ...gap(undefined), until: 40 }, undefined]).lost).toBe(0);
  });
});
