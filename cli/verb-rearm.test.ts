import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Disarm } from '../collector/ports/brakes.ts';
import { fakeServices } from '../test/fakes/api.ts';
import { apiSite } from '../test/fakes/api-site.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { main } from './main.ts';

const shop: Disarm = {
  id: 'db455545-2915-46bf-adc8-ddae5394ca22',
  scope: { kind: 'namespace', cluster: 'prod', namespace: 'shop' },
  since: 0,
  until: 7_200_000,
  author: 'ada',
  reason: 'migration',
};
let disarms: Disarm[];
let site: Awaited<ReturnType<typeof apiSite>>;
beforeAll(async () => {
  const service = {
    disarms: () => disarms,
    disarm: async (_caller: unknown, scope: Disarm['scope'], _span: unknown, change: { reason: string }) => {
      const disarm = { ...shop, scope, reason: change.reason };
      disarms.push(disarm);
      return { kind: 'disarmed', disarm, workloads: 1 } as const;
    },
    rearm: async (_caller: unknown, id: string) => {
      disarms = disarms.filter((d) => d.id !== id);
      return { kind: 'rearmed', disarm: shop, workloads: 1 } as const;
    },
  };
  const { stops } = fakeServices();
  site = await apiSite({ stops: { ...stops, disarms: service } });
});
afterAll(() => site.close());
beforeEach(() => {
  disarms = [shop, { ...shop, id: 'dc5', scope: { kind: 'cluster', cluster: 'test' } }];
});

async function run(...args: readonly string[]) {
  const io = fakeIo();
  await main([...args, '--data-dir', site.dir], io);
  return { code: io.exitCode, out: io.stdout.join('\n'), err: io.stderr.join('\n') };
}
const why = ['--reason', 'done'] as const;

describe('whorl rearm', () => {
  it('ends the one that is named by the beginning of its id', async () => {
    expect(await run('rearm', 'db4', ...why)).toMatchObject({
      code: 0,
      out: expect.stringContaining('armed again: db455545 namespace shop of cluster prod until'),
    });
    expect(disarms.map((d) => d.id)).toEqual(['dc5']);
  });

  it('ends every one', async () => {
    expect((await run('rearm', '--all', ...why)).out.split('\n')).toHaveLength(2);
    expect(disarms).toEqual([]);
    expect(await run('rearm', '--all', ...why)).toMatchObject({ code: 0, err: 'nothing is disarmed' });
  });

  it('says in a dry run what would end', async () => {
    expect((await run('rearm', '--all', '--dry-run')).out).toContain('would rearm: dc5 cluster test until');
    expect(disarms).toHaveLength(2);
  });

  it.each<[string, string[], RegExp]>([
    ['an id that none has', ['x', ...why], /no disarm has an id that begins with x/],
    ['an id that two have', ['d', ...why], /more than one disarm/],
    ['nothing', [...why], /name one disarm, or say --all or --local/],
    ['no reason', ['--all'], /say why/],
  ])('refuses %s', async (_, args, sentence) => {
    expect(await run('rearm', ...args)).toMatchObject({ code: 2, err: expect.stringMatching(sentence) });
    expect(disarms).toHaveLength(2);
  });
});

describe('whorl disarm', () => {
  it('names the place, the end and how to end it before', async () => {
    expect((await run('disarm', '--workload', 'prod/shop/Deployment/cart', '--for', '2h', ...why)).out).toBe(
      'disarmed until 1970-01-01T02:00:00Z; whorl rearm db455545 ends it',
    );
  });

  it('says in a dry run where and until when', async () => {
    expect((await run('disarm', '--namespace', 'prod/shop', '--for', '2h', ...why, '--dry-run')).out).toBe(
      'would disarm namespace shop of cluster prod until 2026-01-02T05:04:05Z',
    );
    expect(disarms).toHaveLength(2);
  });

  it('asks for the place before the time', async () => {
    expect((await run('disarm')).err).toMatch(/name one place/);
    expect((await run('disarm', '--cluster', 'prod')).err).toMatch(/--for/);
  });
});
