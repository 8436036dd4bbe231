import { describe, expect, it } from 'vitest';
import { workload } from '../../test/fakes/behaviours.ts';
import { Desk, judging, ref } from '../../test/fakes/watch-desk.ts';
import type { InForce, Untrusted } from './watched.ts';

const untrusted: Untrusted = { code: 'KEY_REVOKED', fingerprint: 'sha256:f', file: 'abc' };
const carried = {
  fingerprint: 'sha256:e',
  version: 0,
  signedBy: 'Ada',
  maxMode: 'alert',
  neverLearnableMode: 'kill',
  carried: true,
} as const;
const inForceOf = (desk: Desk): InForce | undefined => [...desk.watch.workloads()][0]?.inForce;

/** The release is running and known for what it does; then what was signed for it is refused. */
function refused(by: InForce | undefined = undefined): Desk {
  const desk = judging((d) => {
    d.start(100, '/cart');
    d.open(100, '/a');
  });
  desk.start(200, '/cart');
  desk.open(200, '/a');
  desk.out.push(...desk.watch.setInForce(workload, by, { untrusted, carried }));
  return desk;
}
const provisional = (over: Partial<InForce> = {}): InForce => {
  const { index } = inForceOf(judging((d) => d.start(100, '/cart'))) as InForce;
  const approval = { ...carried, signedBy: 'learned', provisional: true } as const;
  return { index, approval, ...over };
};

describe('a workload whose fingerprint is refused', () => {
  it.each<[string, (desk: Desk) => void]>([
    ['does what it did', (d) => d.open(200, '/a')],
    ['does something new', (d) => d.open(200, '/b')],
    ['starts something new', (d) => d.run(200, 201, '/bin/sh')],
    [
      'connects out',
      (d) => d.see({ kind: 'connect', process: ref(200), transport: 'tcp', address: '10.0.0.9', port: 443 }),
    ],
    ['starts another copy', (d) => d.start(300, '/cart', '/miner')],
    ['was found running', (d) => d.found(400, 400, '/miner')],
  ])('is neither judged nor learned when it %s', (_what, act) => {
    const desk = refused();
    act(desk);
    expect([desk.drifts(), desk.novelties(), desk.support()]).toEqual([[], [], []]);
    expect(desk.counters.get('unjudged.untrusted')).toBeGreaterThan(0);
    expect(desk.counters.get('novelties')).toBe(0);
  });

  it('is looked at once for each behaviour, as if it were learned', () => {
    const desk = refused();
    for (let n = 0; n < 5; n += 1) desk.open(200, '/b');
    expect(desk.counters.get('behaviours.known')).toBe(4);
  });

  it('still alerts for what is never normal, and nothing may be done about it', () => {
    const desk = refused();
    desk.run(200, 201, '/tmp/x', { origin: 'scratch' });
    desk.open(201, '/etc/shadow');
    expect(desk.drifts().sort()).toEqual([
      '/cart>/tmp/x exec never-learnable',
      '/cart>/tmp/x open sensitive-file',
    ]);
    expect(desk.incidents().map((i) => i.approval)).toEqual([undefined]);
    expect(desk.watch.approvalOf(workload)).toBeUndefined();
  });

  it('is judged by what was learned before, which only alerts, and learned no further', () => {
    const desk = refused(provisional());
    desk.open(200, '/a');
    expect(desk.drifts()).toEqual(['/cart open new-file']);
    expect(desk.watch.approvalOf(workload)).toMatchObject({ maxMode: 'alert', provisional: true });
    expect(desk.watch.approvalOf(workload)).not.toHaveProperty('neverLearnableMode');
  });

  it('does not have its starts learned either, where what was learned knows only daily work', () => {
    const desk = refused(provisional({ phases: ['steady'] }));
    desk.start(300, '/entry.sh', '/cart');
    desk.see({ kind: 'listen', process: ref(300), transport: 'tcp', address: '0.0.0.0', port: 80 });
    desk.open(300, '/b');
    expect([desk.novelties(), desk.support()]).toEqual([[], []]);
    // Of this copy what came before it listened; of the one that runs already its own start.
    expect(desk.counters.get('unjudged.untrusted')).toBe(3 + 1);
  });

  it('is judged again at once by a new version, in what runs already too', () => {
    const desk = refused();
    desk.run(200, 201, '/bin/sh');
    const next = inForceOf(judging((d) => d.start(100, '/cart')));
    desk.out.push(...desk.watch.setInForce(workload, next));
    expect(desk.drifts()).toEqual(['/cart>/bin/sh exec new-program']);
  });

  it('is learned anew, and not from what it did meanwhile, when it is forgotten', () => {
    const desk = refused();
    desk.open(200, '/meanwhile');
    desk.out.push(...desk.watch.setInForce(workload, undefined));
    desk.open(200, '/b');
    desk.open(200, '/meanwhile');
    expect(desk.novelties()).toEqual(['/cart exec', '/cart open /b', '/cart open /meanwhile']);
    expect(desk.support().length).toBeGreaterThan(0);
  });

  it('stops being learned although nothing judged it before', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.watch.setInForce(workload, undefined, { untrusted });
    desk.open(100, '/a');
    expect([desk.novelties(), desk.support()]).toEqual([['/cart exec'], []]);
  });
});
