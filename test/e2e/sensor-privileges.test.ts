import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../../cli/observe.ts';
import { type CoverageWord, fullCoverage } from '../../fingerprint/coverage.ts';
import { behaviourKinds, type Event } from '../../fingerprint/event.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import { observation, subject } from '../fakes/behaviours.ts';
import { buildProbe, Group, removeFolder, Watch, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`sensor privilege tests skipped: ${why}`);

const approval = {
  fingerprint: `sha256:${'6'.repeat(64)}`,
  version: 1,
  signedBy: 'x',
  maxMode: 'kill',
} as const;

describe.skipIf(why !== undefined)('powers that a program uses, or tries to', () => {
  let dir: string;
  let probe: string;
  let watch: Watch;
  let group: Group;

  beforeAll(async () => {
    // Not below /tmp: what runs from there is never learned.
    dir = await mkdtemp('/srv/whorl-privileges-');
    probe = await buildProbe(dir);
    watch = await Watch.start();
    group = await Group.make('privileges');
    // The copy of the probe that has become nobody executes itself anew.
    await chmod(dir, 0o755);
    await mkdir(join(dir, 'shared'));
    await writeFile(join(dir, 'shared/closed'), '', { mode: 0o600 });
    await writeFile(join(dir, 'evil.ko'), 'no module');
  });
  afterAll(async () => {
    await watch?.stop();
    await group?.remove();
    await removeFolder(dir);
  });

  async function act(...args: string[]): Promise<{ readonly pid: number; readonly by: readonly Event[] }> {
    const from = watch.events.length;
    const { pid, code } = await group.run(probe, args);
    expect(code).toBe(0);
    await watch.ended(pid);
    const mine = (e: Event): boolean => e.cgroup === group.id || (e.kind === 'attach' && e.to === group.id);
    return { pid, by: watch.events.slice(from).filter(mine) };
  }
  const privilegesOf = (events: readonly Event[], name: string): unknown[] =>
    events.flatMap((e) => (e.kind === 'privilege' && e.privilege === name ? [[e.detail, e.error]] : []));

  it('modules: a file by its true path, an image in memory without a name; by either entry, and refused', async () => {
    const { by } = await act('module', join(dir, 'shared/../evil.ko'));
    const refused = expect.any(Number);
    const file = [join(dir, 'evil.ko'), refused];
    expect(privilegesOf(by, 'module-load')).toEqual([[undefined, refused], file, [undefined, refused], file]);
    expect(privilegesOf(by, 'compat-syscall')).toEqual([
      ['i386 128', undefined],
      ['i386 350', undefined],
    ]);
  });

  it('capabilities: each once per program image, used and refused apart, and none of what is asked on the way', async (t) => {
    if (!watch.coverage().includes('capability')) {
      console.log('capability use not tested: this kernel has no tracepoint for it (Linux 6.14)');
      t.skip();
    }
    const { pid, by } = await act('capabilities', join(dir, 'shared'));
    const own = by.filter((e) => e.process.pid === pid);
    const once = own.slice(own.findIndex((e) => e.kind === 'exec' && e.args[1] === 'capabilities'));
    expect(privilegesOf(once, 'capability')).toEqual([
      ['CAP_CHOWN', undefined],
      ['CAP_NET_BIND_SERVICE', undefined],
      ['CAP_SYS_ADMIN', undefined],
      ['CAP_SETGID', undefined],
      ['CAP_SETUID', undefined],
      ['CAP_SYS_TIME', 1],
      ['CAP_SYS_ADMIN', 1],
    ]);
    // The child, before and after it executes anew: another process, then another image.
    const child = by.filter((e) => e.process.pid !== pid && e.parent?.pid === pid);
    expect(privilegesOf(child, 'capability')).toEqual([
      ['CAP_SYS_TIME', 1],
      ['CAP_SYS_TIME', 1],
    ]);
  });

  it('are judged where the fingerprint says so; a module alerts whatever it says', async () => {
    const { by } = await act('capabilities', join(dir, 'shared'));
    const learned = observe(by, { subject, coverage: fullCoverage }).novelties;
    const known = learned.filter((b) => b.kind !== 'privilege');
    const judged = (events: readonly Event[], coverage: readonly CoverageWord[]) => {
      const index = indexBehaviour(learn(subject, known, { coverage, observation }));
      const seen = observe(events, { subject, coverage: fullCoverage, inForce: { index, approval } });
      return { drifts: seen.incidents.flatMap((i) => i.drifts), counters: seen.counters.snapshot() };
    };
    if (watch.coverage().includes('capability')) {
      const { drifts } = judged(by, fullCoverage);
      expect(drifts.map((d) => [d.because, d.subject, d.severity])).toContainEqual([
        'new-privilege',
        'capability CAP_NET_BIND_SERVICE',
        'high',
      ]);
      expect(drifts.map((d) => d.subject)).toContain('capability CAP_SYS_TIME');
      expect(judged(by, behaviourKinds).counters['unjudged.source-cannot-see']).toBeGreaterThan(0);
    }
    expect(judged(by, behaviourKinds).drifts).toEqual([]);
    const module = await act('module', join(dir, 'evil.ko'));
    for (const coverage of [fullCoverage, behaviourKinds, ['open']] as const)
      expect(judged(module.by, coverage).drifts).toContainEqual(
        expect.objectContaining({ kind: 'privilege', because: 'never-learnable', severity: 'critical' }),
      );
  });
});
