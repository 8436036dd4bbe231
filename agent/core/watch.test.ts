import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from '../../fingerprint/behaviour.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import { aboutAll, subject } from '../../test/fakes/behaviours.ts';
import { Desk, judging, ref } from '../../test/fakes/watch-desk.ts';
import type { InForce } from './watched.ts';

const teachNginx = (desk: Desk, copy = 100): void => {
  desk.start(copy, '/entry.sh', '/usr/sbin/nginx');
  desk.open(copy, '/etc/nginx.conf');
  desk.run(copy, copy + 1, '/usr/bin/gzip');
};

/** One that names what no watching makes normal: signed by hand, or by whoever has a learner's key. */
const withMount = (): InForce['index'] => {
  const nginx: Actor = { root: 'entrypoint', lineage: ['/entry.sh', '/usr/sbin/nginx'] };
  const starts = [1, 2].map((length): Behaviour => {
    const lineage = nginx.lineage.slice(0, length);
    return { ...nginx, lineage, kind: 'exec', args: [lineage.at(-1) ?? ''], origin: 'image' };
  });
  const { behaviour, ...about } = learn(subject, starts, aboutAll);
  const programs = behaviour.programs.map((p) => ({ ...p, privileges: [{ privilege: 'mount' as const }] }));
  return indexBehaviour({ ...about, behaviour: { programs } });
};

const learned = {
  fingerprint: 'sha256:p',
  version: 1,
  signedBy: 'learned',
  maxMode: 'alert',
  provisional: true,
} as const;

describe('a workload without a fingerprint', () => {
  it('is learned once for all copies, and each copy tells what it has shown', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.open(100, '/a');
    desk.start(200, '/cart');
    desk.open(200, '/b');
    expect(desk.novelties()).toEqual(['/cart exec', '/cart open /a', '/cart open /b']);
    expect(desk.support()).toEqual([
      Buffer.from([0b011]).toString('base64'),
      Buffer.from([0b101]).toString('base64'),
    ]);
  });

  it.each<[string, (desk: Desk) => void]>([
    ['a dropped program', (d) => d.run(100, 101, '/tmp/x', { origin: 'scratch' })],
    [
      'somebody who entered',
      (d) => {
        d.see({ kind: 'attach', process: ref(101), to: 100 });
        d.exec(101, '/bin/sh');
      },
    ],
  ])('has an incident for %s, and learns nothing of it', (_name, act) => {
    const desk = new Desk();
    desk.start(100, '/cart');
    act(desk);
    desk.open(101, '/etc/hostname');
    desk.run(101, 102, '/usr/bin/id');
    expect(desk.novelties()).toEqual(['/cart exec']);
    expect(desk.incidents()).toMatchObject([{ severity: 'high', culprit: ref(101) }]);
    expect(desk.incidents()[0]?.drifts).toHaveLength(3);
  });

  it('goes on learning a program that did one thing that is never normal', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.see({ kind: 'privilege', process: ref(100), privilege: 'unshare' });
    desk.open(100, '/a');
    expect(desk.drifts()).toEqual(['/cart privilege never-learnable']);
    expect(desk.novelties()).toEqual(['/cart exec', '/cart open /a']);
  });

  it('counts what failed, keeps cut strings apart, and tells losses', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.open(100, '/missing', { error: 2 });
    desk.open(100, '/long', { truncated: true });
    desk.see({ kind: 'gap', since: 1, until: 2, lost: 7, reason: 'ring full', cgroup: 100 });
    expect(desk.novelties()).toEqual(['/cart exec', '/cart open /long…']);
    expect(desk.counters.get('acts.failed')).toBe(1);
    expect(desk.reports('gap')).toMatchObject([{ lost: 7, instance: 'cart-100' }]);
    expect(desk.watch.support(9_000_000)).toMatchObject([{ report: { lost: 7 } }]);
  });

  it('tells what a copy has shown when it ends', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.see({ kind: 'cgroup', action: 'removed', id: 100, path: '/k8s.io/cart-100' });
    expect(desk.out.slice(-2)).toMatchObject([
      { report: { type: 'support', seen: Buffer.from([1]).toString('base64') } },
      { report: { type: 'instance', state: 'exited' } },
    ]);
    desk.open(100, '/late');
    expect(desk.novelties()).toContain('/cart open /late');
    expect(desk.support()).toEqual([]);
  });
});

describe('a workload with a fingerprint', () => {
  it('has no drift when it does what it did', () => {
    const desk = judging(teachNginx);
    teachNginx(desk);
    teachNginx(desk, 200);
    expect(desk.drifts()).toEqual([]);
    expect(desk.novelties()).toEqual([]);
  });

  it('takes all below a foreign program for evidence, known programs too', () => {
    const desk = judging(teachNginx);
    desk.start(100, '/entry.sh', '/usr/sbin/nginx');
    desk.run(100, 101, '/bin/sh');
    desk.run(101, 102, '/usr/bin/gzip');
    desk.open(102, '/etc/shadow');
    desk.see({ kind: 'link', process: ref(102), path: '/tmp/a', target: '/etc/shadow', symbolic: false });
    expect(desk.drifts().sort()).toEqual([
      '/entry.sh>/usr/sbin/nginx>/bin/sh exec new-program',
      '/entry.sh>/usr/sbin/nginx>/bin/sh>/usr/bin/gzip exec new-lineage',
      '/entry.sh>/usr/sbin/nginx>/bin/sh>/usr/bin/gzip link sensitive-file',
      '/entry.sh>/usr/sbin/nginx>/bin/sh>/usr/bin/gzip open sensitive-file',
    ]);
    expect(desk.incidents()).toMatchObject([{ culprit: ref(101), approval: { version: 1 } }]);
  });

  it('goes on judging a known program that was started with other arguments', () => {
    const desk = judging(teachNginx);
    desk.start(100, '/entry.sh', '/usr/sbin/nginx');
    desk.run(100, 101, '/usr/bin/gzip', { args: ['gzip', '-9'] });
    desk.open(101, '/etc/nginx.conf');
    desk.open(100, '/etc/nginx.conf');
    expect(desk.drifts().sort()).toEqual([
      '/entry.sh>/usr/sbin/nginx>/usr/bin/gzip exec new-arguments',
      '/entry.sh>/usr/sbin/nginx>/usr/bin/gzip open new-file',
    ]);
  });

  it('judges a found program in the place the fingerprint has for it', () => {
    const desk = judging(teachNginx);
    desk.found(100, 100, '/usr/sbin/nginx');
    desk.open(100, '/etc/nginx.conf');
    desk.run(100, 101, '/usr/bin/gzip');
    expect(desk.drifts()).toEqual([]);
    desk.open(100, '/srv/other');
    expect(desk.drifts()).toEqual(['/entry.sh>/usr/sbin/nginx open new-file']);
  });

  it('does not excuse what a found program starts by what nobody saw', () => {
    const desk = judging(teachNginx);
    desk.found(100, 100, '/usr/sbin/nginx');
    desk.run(100, 101, '/entry.sh');
    expect(desk.drifts()).toEqual(['/entry.sh>/usr/sbin/nginx>/entry.sh exec new-lineage']);
  });

  it('judges a found program that is in no fingerprint', () => {
    const desk = judging(teachNginx);
    desk.found(100, 100, '/usr/bin/miner');
    expect(desk.incidents()).toMatchObject([{ drifts: [{ because: 'new-program', found: true }] }]);
  });

  it('tells a flood of the same seldom, and its growth later', () => {
    const desk = judging(teachNginx);
    desk.start(100, '/entry.sh', '/usr/sbin/nginx');
    for (let i = 0; i < 200; i += 1) desk.open(100, `/srv/secret-${String.fromCharCode(97 + (i % 26))}`);
    const told = desk.out.filter((o) => o.type === 'incident');
    expect(told.length).toBeLessThan(3);
    const later = desk.watch.tick(99_000_000);
    expect(later).toMatchObject([{ type: 'incident', isNew: false }]);
    expect(desk.watch.tick(199_000_000)).toEqual([]);
  });
});

describe('what crontabs say', () => {
  it('is told with the copy, without the secrets in it', () => {
    const desk = new Desk();
    desk.surroundings = {
      search: [],
      addresses: [],
      schedules: [{ timing: '@daily', command: 'pg_dump --password=hunter2hunter2 shop' }],
    };
    desk.start(100, '/usr/sbin/cron');
    expect(desk.reports('instance').map((r) => r.schedules)).toEqual([
      [{ timing: '@daily', command: 'pg_dump --password={secret} shop' }],
    ]);
  });
});

describe('the phases of a life', () => {
  const listen = (desk: Desk, pid: number) =>
    desk.see({ kind: 'listen', process: ref(pid), transport: 'tcp', address: '0.0.0.0', port: 80 });
  const phases = (desk: Desk) => desk.reports('novelty').map((r) => `${r.phase} ${r.behaviour.kind}`);

  it('are told apart: a start-up ends when it listens', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    listen(desk, 100);
    desk.open(100, '/a');
    expect(phases(desk)).toEqual(['start exec', 'start listen', 'steady open']);
    expect(desk.support()).toEqual(['Aw==', 'BA==']);
  });

  it('show in the second what was shown in the first, when it happens again', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.open(100, '/a');
    listen(desk, 100);
    desk.open(100, '/a');
    expect(desk.support().map((bits) => [...Buffer.from(bits, 'base64')])).toEqual([[0b111], [0b010]]);
  });

  it('end without a listener when they have lasted a minute, whether or not anything happens', () => {
    const desk = new Desk();
    desk.start(100, '/cart');
    desk.watch.tick(70_000_000);
    desk.open(100, '/a');
    expect(phases(desk)).toEqual(['start exec', 'steady open']);
  });

  it('have no start-up in a copy that was found', () => {
    const desk = new Desk();
    desk.found(100, 100, '/cart');
    desk.open(100, '/a');
    expect(new Set(desk.reports('novelty').map((r) => r.phase))).toEqual(new Set(['steady']));
  });

  describe('of which only the daily work is judged', () => {
    /** Learned from copies that were older than the agent: what their entrypoint scripts did is unknown. */
    const restarted = (): Desk => {
      const desk = judging(
        (d) => {
          d.found(100, 100, '/usr/sbin/nginx');
          d.open(100, '/etc/nginx.conf');
        },
        { phases: ['steady'] },
      );
      desk.start(300, '/entry.sh', '/usr/sbin/nginx');
      desk.open(300, '/entry.d/x');
      listen(desk, 300);
      return desk;
    };

    it('leave start-ups unjudged, learn them, and judge what comes after by the program', () => {
      const desk = restarted();
      expect(desk.counters.snapshot()['unjudged.startup-not-learned']).toBe(4);
      expect(desk.novelties()).toEqual([
        '/entry.sh exec',
        '/entry.sh>/usr/sbin/nginx exec',
        '/entry.sh>/usr/sbin/nginx open /entry.d/x',
        '/entry.sh>/usr/sbin/nginx listen',
      ]);
      desk.open(300, '/etc/nginx.conf');
      expect(desk.novelties().at(-1)).toBe('/entry.sh>/usr/sbin/nginx open /etc/nginx.conf');
      expect(desk.drifts()).toEqual([]);
      desk.open(300, '/etc/other');
      desk.run(300, 301, '/bin/sh');
      expect(desk.drifts()).toEqual([
        '/usr/sbin/nginx>/bin/sh exec new-program',
        '/usr/sbin/nginx open new-file',
      ]);
    });

    it('let nothing pass at start that is never normal', () => {
      const desk = judging((d) => d.found(100, 100, '/usr/sbin/nginx'), { phases: ['steady'] });
      desk.start(300, '/entry.sh');
      desk.run(300, 301, '/tmp/x', { origin: 'scratch' });
      expect(desk.drifts()).toEqual(['/entry.sh>/tmp/x exec never-learnable']);
    });
  });

  it.each<[string, Partial<InForce>]>([
    ['whose coverage leaves the kind out', { index: { ...withMount(), coverage: new Set(['exec']) } }],
    ['that nobody looked at, though it stands in it', { index: withMount(), approval: learned }],
  ])('tell what is never normal under one %s', (_what, over) => {
    const desk = judging(teachNginx, over);
    desk.start(300, '/entry.sh', '/usr/sbin/nginx');
    desk.see({ kind: 'privilege', process: ref(300), privilege: 'mount' });
    expect(desk.drifts()).toEqual(['/entry.sh>/usr/sbin/nginx privilege never-learnable']);
  });

  it('let pass what a person approved by its name', () => {
    const desk = judging(teachNginx, { index: withMount() });
    desk.start(300, '/entry.sh', '/usr/sbin/nginx');
    desk.see({ kind: 'privilege', process: ref(300), privilege: 'mount' });
    expect(desk.drifts()).toEqual([]);
  });

  it('are one step less grave under a fingerprint that nobody approved', () => {
    const severity = (provisional: true | undefined) => {
      const approval = {
        fingerprint: 'sha256:p',
        version: 1,
        signedBy: 'learned',
        maxMode: 'alert',
      } as const;
      const desk = judging(teachNginx, {
        approval: { ...approval, ...(provisional === undefined ? {} : { provisional }) },
      });
      teachNginx(desk, 300);
      desk.run(300, 302, '/bin/sh');
      return desk.incidents().map((i) => [i.severity, i.approval?.provisional]);
    };
    expect([severity(undefined), severity(true)]).toEqual([[['high', undefined]], [['medium', true]]]);
  });
});
