import { describe, expect, it } from 'vitest';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import { fixture, packaged } from '../test/fakes/packaged.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviourKinds } from './event.ts';
import type { Baseline } from './fingerprint.ts';
import { learn } from './learn.ts';
import { lint, lintRules } from './lint.ts';
import { Owners } from './package-owner.ts';
import { ProgramSet } from './program-set.ts';
import { readSbom } from './sbom.ts';

const app = { root: 'entrypoint', lineage: ['/usr/bin/app'] } as const;
const runs = (exe: string, ...args: string[]): Behaviour => ({
  root: 'entrypoint',
  lineage: [exe],
  kind: 'exec',
  args: [exe.slice(exe.lastIndexOf('/') + 1), ...args],
  origin: 'image',
});
const start = runs('/usr/bin/app');
const opens = (path: string, access: 'read' | 'write' | 'create'): Behaviour => ({
  ...app,
  kind: 'open',
  path,
  access,
});
const connects = (peer: string, over: object = {}): Behaviour => ({
  ...app,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 443,
  ...over,
});

/** Watched well, so that nothing is found but what a case is about. */
const clean: Baseline = {
  ...learn(subject, [], { ...aboutAll, observation: { ...observation, instances: ['a', 'b', 'c'] } }),
  representativeness: [{ mode: 'reload', expects: [] }],
};
function baselineOf(...behaviours: readonly Behaviour[]): Baseline {
  const set = new ProgramSet();
  for (const b of behaviours) set.addBehaviour(b);
  return { ...clean, behaviour: set.toSet() };
}
const ids = (b: Baseline): string[] => lint(b).findings.map((f) => f.id);
const plain = baselineOf(start, opens('/etc/app.conf', 'read'), connects('db.shop'), connects('localhost'));

describe('lint', () => {
  it('finds nothing in what does its one job', () => {
    expect(lint(plain).findings).toEqual([]);
  });

  it.each<[string, Baseline, string[]]>([
    ['a shell', baselineOf(runs('/bin/sh', '/entry.sh')), ['shell']],
    [
      'a shell of a multi-call binary',
      baselineOf({ ...runs('/bin/busybox'), args: ['sh', '/x'] } as Behaviour),
      ['shell'],
    ],
    ['a shell that takes code from anywhere', baselineOf(runs('/bin/bash', '-i')), ['open-shell', 'shell']],
    ['an interpreter with its script', baselineOf(runs('/usr/bin/python3', '/app/main.py')), []],
    ['an interpreter without one', baselineOf(runs('/usr/bin/python3')), ['open-shell']],
    ['an interpreter with code', baselineOf(runs('/usr/bin/perl', '-e', 'x')), ['interpreter']],
    ['an interpreter asked for its version', baselineOf(runs('/usr/bin/node', '--version')), []],
    ['a package manager', baselineOf(runs('/usr/bin/apt-get', 'update')), ['package-manager']],
    ['a download tool', baselineOf(runs('/usr/bin/curl', 'http://x')), ['download-tool']],
    [
      'a download tool for everywhere',
      baselineOf(runs('/usr/bin/curl', 'x'), {
        root: 'entrypoint',
        lineage: ['/usr/bin/curl'],
        kind: 'connect',
        transport: 'tcp',
        peer: '203.0.113.7',
        port: 80,
      }),
      ['wide-download', 'unnamed-peer'],
    ],
    ['a debugger', baselineOf(runs('/usr/bin/gdb', '-p', '1')), ['remote-control']],
    ['a container client', baselineOf(runs('/usr/bin/kubectl', 'exec')), ['remote-control']],
    ['redis', baselineOf(runs('/usr/bin/redis-server')), ['steerable']],
    ['sudo', baselineOf(runs('/usr/bin/sudo', 'x')), ['privilege-tool']],
    [
      'Java with a debugger',
      baselineOf(runs('/usr/bin/java', '-agentlib:jdwp=transport=dt_socket', '-jar', 'a.jar')),
      ['java-door', 'steerable'],
    ],
    ['a person inside', baselineOf({ ...runs('/app'), root: 'interactive' } as Behaviour), ['interactive']],
    ['a loader hook', baselineOf({ ...start, env: ['LD_PRELOAD'] } as Behaviour), ['preload']],
    ['an interpreter hook', baselineOf({ ...start, env: ['NODE_OPTIONS'] } as Behaviour), ['hook']],
    ['a dropped program', baselineOf({ ...start, origin: 'upper' } as Behaviour), ['foreign-code']],
    [
      'a library in memory',
      baselineOf(start, { ...app, kind: 'load', path: '/memfd:x', origin: 'memory' }),
      ['foreign-code'],
    ],
    ['code on a volume', baselineOf({ ...start, origin: 'volume' } as Behaviour), ['code-on-volume']],
    ['a program of unknown origin', baselineOf({ ...app, kind: 'exec', args: ['app'] }), ['origin-unknown']],
    ['its own executable, writable', baselineOf(start, opens('/usr/bin/app', 'write')), ['writable-code']],
    [
      'a plug-in directory',
      baselineOf(start, opens('/srv/plugins/{any}', 'create'), {
        ...app,
        kind: 'load',
        path: '/srv/plugins/a.so',
        origin: 'image',
      }),
      ['writable-code', 'wide-write'],
    ],
    [
      'a library that may be replaced',
      baselineOf(
        start,
        { ...app, kind: 'load', path: '/srv/a.so', origin: 'image' },
        { ...app, kind: 'rename', path: '/tmp/x', to: '/srv/a.so' },
      ),
      ['writable-code'],
    ],
    ['ptrace', baselineOf(start, { ...app, kind: 'privilege', privilege: 'ptrace' }), ['escape']],
    [
      'a grave capability',
      baselineOf(start, { ...app, kind: 'privilege', privilege: 'capability', detail: 'CAP_SYS_ADMIN' }),
      ['capability'],
    ],
    ['io_uring', baselineOf(start, { ...app, kind: 'privilege', privilege: 'io-uring' }), ['privilege']],
    [
      'the socket of the runtime',
      baselineOf(start, {
        ...app,
        kind: 'connect',
        transport: 'unix',
        peer: '/var/run/docker.sock',
        port: 0,
      }),
      ['runtime-socket'],
    ],
    ['reading a secret', baselineOf(start, opens('/etc/shadow', 'read')), ['sensitive-read']],
    ['writing one', baselineOf(start, opens('/etc/ld.so.preload', 'write')), ['sensitive-write']],
    ['any name written', baselineOf(start, opens('/srv/{any}', 'write')), ['wide-write']],
    ['any name read', baselineOf(start, opens('/srv/{any}', 'read')), ['wide-read']],
    ['an unnamed peer', baselineOf(start, connects('203.0.113.7')), ['unnamed-peer']],
    ['the metadata service', baselineOf(start, connects('169.254.169.254')), ['metadata-service']],
    [
      'a name that answers from inside',
      baselineOf(start, connects('x.example', { inward: true })),
      ['inward'],
    ],
    [
      'many peers',
      baselineOf(start, ...Array.from({ length: 21 }, (_, i) => connects(`h${i}.example`))),
      ['many-peers'],
    ],
    [
      'a name that varies',
      baselineOf(start, { ...app, kind: 'resolve', name: '{uuid}.tunnel.example' }),
      ['varied-name'],
    ],
    ['a reverse look-up', baselineOf(start, { ...app, kind: 'resolve', name: '{addr}.in-addr.arpa' }), []],
    ['a secret', baselineOf(runs('/usr/bin/app', '--password=hunter2hunter2')), ['secret']],
    [
      'no programs judged',
      { ...plain, coverage: behaviourKinds.filter((k) => k !== 'exec') },
      ['not-judged'],
    ],
    [
      'no look-ups judged',
      { ...plain, coverage: behaviourKinds.filter((k) => k !== 'resolve') },
      ['partly-judged'],
    ],
    ['no start', { ...plain, phases: ['steady'] }, ['phase-missing']],
    ['loss', { ...plain, observation: { ...plain.observation, lost: 3 } }, ['lost-events']],
    [
      'two copies',
      { ...plain, observation: { ...plain.observation, instances: ['a', 'b'] } },
      ['few-instances'],
    ],
    [
      'a program of the image before',
      {
        ...plain,
        observation: {
          ...plain.observation,
          inherited: { from: subject.digest, programs: ['entrypoint||/usr/bin/app'] },
        },
      },
      ['inherited'],
    ],
    ['nothing declared', { ...plain, representativeness: [] }, ['not-representative']],
    [
      'an exercise that was not seen',
      { ...plain, representativeness: [{ mode: 'backup', expects: [{ do: 'exec', exe: '/bin/dump' }] }] },
      ['not-exercised'],
    ],
    [
      'a parameter for the site',
      {
        ...baselineOf(start, connects('{site:db}')),
        parameters: [{ kind: 'site', name: 'db', what: 'your database' }],
      },
      ['unbound-parameter'],
    ],
    [
      'a parameter that nobody is asked for',
      baselineOf(start, connects('{site:db}')),
      ['undeclared-parameter'],
    ],
    ['older rules', { ...plain, rules: { ...plain.rules, sensitive: 0 } }, ['old-rules']],
  ])('%s', (_name, baseline, found) => expect(ids(baseline).sort()).toEqual([...found].sort()));

  it.each<[string, string, Readonly<Record<string, string>>]>([
    [
      'says which package has which file: what none has is found, gravely in the directories of the system',
      'syft-debian.spdx.json',
      {
        'unowned-program': 'high `odd` belongs to no package',
        'unowned-library': 'high `nginx` loads `/usr/lib/x86_64-linux-gnu/libodd.so.1`, of no package',
        'unowned-application': 'low `dash` loads `/app/start.sh`, of no package',
      },
    ],
    [
      'lists files without owners: the same, and no package is named',
      'syft-debian.cdx.json',
      {
        'unowned-program': 'high `odd` belongs to no package',
        'unowned-library': 'high `nginx` loads `/usr/lib/x86_64-linux-gnu/libodd.so.1`, of no package',
        'unowned-application': 'low `dash` loads `/app/start.sh`, of no package',
        'owner-unknown': 'low it lists files without saying whose they are, so no package is named',
      },
    ],
    [
      'lists no files: no wolf is cried',
      'trivy-debian.cdx.json',
      { 'owner-unknown': 'low it does not list the files of the packages of the system' },
    ],
  ])('with an SBOM that %s', (_name, file, found) => {
    const { findings } = lint(packaged, new Set(), new Owners(readSbom(fixture(file))));
    const without = new Set(ids(packaged));
    const more = findings.filter((f) => !without.has(f.id));
    const told = more.map((f) => [f.id, `${f.severity} ${f.places.map((p) => p.sentence).join('; ')}`]);
    expect(Object.fromEntries(told)).toEqual(found);
  });

  it('has a case above for every rule', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(new URL(import.meta.url), 'utf8');
    for (const { id } of lintRules) expect(text).toContain(`'${id}'`);
  });

  it('tells the gravest first, with what an attacker makes of it and what to do', () => {
    const order = ['critical', 'high', 'medium', 'low'];
    const ranks = lintRules.map((r) => order.indexOf(r.severity));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(new Set(lintRules.map((r) => r.id)).size).toBe(lintRules.length);
    for (const rule of lintRules)
      for (const text of [rule.what, rule.why, rule.fix]) expect(text).toMatch(/^[A-Za-z].{9,}[^.]$/);
  });

  it('leaves out what a person accepts: a rule, or the one entry', () => {
    const wide = baselineOf(start, opens('/etc/shadow', 'read'), connects('203.0.113.7'));
    const [finding] = lint(wide).findings.filter((f) => f.id === 'unnamed-peer');
    const [entry] = finding?.places[0]?.entries ?? [];
    expect(lint(wide, new Set(['unnamed-peer'])).findings.map((f) => f.id)).toEqual(['sensitive-read']);
    expect(lint(wide, new Set([entry ?? ''])).findings.map((f) => f.id)).toEqual(['sensitive-read']);
  });
});
