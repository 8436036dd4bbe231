import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readYaml } from '../cli/import-yaml.ts';
import type { Behaviour } from './behaviour.ts';
import { generalise } from './generalise.ts';
import { convertKubescape, readKubescape } from './import-kubescape.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';

const subject = { name: 'registry.example/shop/gate', digest: `sha256:${'2'.repeat(64)}` };
const madeAt = '2026-01-01T00:00:00Z';
const read = (name: string) =>
  readKubescape(readYaml(readFileSync(new URL(`../test/fixtures/import/${name}`, import.meta.url))));

describe('convertKubescape', () => {
  const gate = read('application-profile.yaml').find((c) => c.name === 'gate');
  if (gate === undefined) throw new Error('the fixture has no gate');
  const { baseline, leftOut, programs } = convertKubescape(gate, subject, madeAt);
  const index = indexBehaviour(baseline);
  const verdictOf = (b: Behaviour) => judge(generalise(b, {}), index).kind;
  const exec = (args: readonly string[], ...lineage: readonly string[]): Behaviour => ({
    root: 'entrypoint',
    lineage,
    kind: 'exec',
    args,
  });
  const open = (
    path: string,
    access: 'read' | 'write' | 'create',
    ...lineage: readonly string[]
  ): Behaviour => ({
    root: 'entrypoint',
    lineage: lineage.length === 0 ? ['/usr/sbin/gate'] : lineage,
    kind: 'open',
    path,
    access,
  });
  const connect = (peer: string, port: number, transport: 'tcp' | 'udp' = 'tcp'): Behaviour => ({
    root: 'entrypoint',
    lineage: ['/bin/sh', '/usr/sbin/gate'],
    kind: 'connect',
    transport,
    peer,
    port,
  });

  it.each<[string, Behaviour]>([
    ['a program from outside', exec(['/usr/sbin/gate', '-c', '/etc/gate.conf'], '/usr/sbin/gate')],
    ['below another', exec(['/bin/sh', '-c', 'date > /var/log/gate/started'], '/usr/sbin/gate', '/bin/sh')],
    [
      'at any depth',
      exec(['/usr/bin/render', '--workers', '4'], '/bin/sh', '/usr/sbin/gate', '/bin/sh', '/usr/bin/render'),
    ],
    ['as a probe', { ...exec(['/usr/bin/render', '--workers', '4'], '/usr/bin/render'), root: 'probe' }],
    ['a file that is read', open('/etc/gate.conf', 'read')],
    ['by whatever program', open('/etc/gate.conf', 'read', '/usr/sbin/gate', '/bin/sh')],
    ['a log that is created', open('/var/log/gate/access.log', 'create')],
    ['a log that is written', open('/var/log/gate/access.log', 'write')],
    ['a file for both: reading', open('/var/cache/gate/state', 'read')],
    ['a file for both: writing', open('/var/cache/gate/state', 'write')],
    ['a library', open('/usr/lib/x86_64-linux-gnu/libssl.so.3', 'read')],
    ['what a process says of itself', open('/proc/4711/cgroup', 'read')],
    [
      'a file of a Kubernetes volume',
      open('/etc/gate.d/..2026_03_01_10_00_00.123456789/routes.yaml', 'read'),
    ],
    ['any page of the cache', open('/var/cache/gate/pages/x17.html', 'create')],
    ['a peer of an endpoint', connect('pay.example', 443)],
    ['a neighbour by name', connect('rates.example', 443)],
    ['a neighbour by address', connect('198.51.100.7', 123, 'udp')],
  ])('accepts %s', (_name, b) => expect(verdictOf(b)).toBe('expected'));

  it.each<[string, Behaviour]>([
    ['other arguments', exec(['/usr/sbin/gate', '-x'], '/usr/sbin/gate')],
    ['arguments of which one was variable', exec(['/usr/bin/render', '--page', '1'], '/usr/bin/render')],
    ['another program', exec(['curl'], '/usr/sbin/gate', '/usr/bin/curl')],
    ['a session by hand', { ...exec(['/bin/sh', '-c', 'date'], '/bin/sh'), root: 'interactive' }],
    ['writing what is read', open('/etc/gate.conf', 'write')],
    ['reading what is written', open('/run/gate.reload', 'read')],
    ['a secret beside the pages', open('/var/cache/gate/pages/tls.key', 'create')],
    ['what is below the pages', open('/var/cache/gate/pages/a/b', 'create')],
    ['a file under a pattern that was left out', open('/srv/www/index.html', 'read')],
    ['the address of a named neighbour', connect('192.0.2.20', 443)],
    ['a name under a pattern', connect('a.cdn.example', 443)],
    ['another port', connect('rates.example', 80)],
  ])('does not accept %s', (_name, b) => expect(verdictOf(b)).toBe('drift'));

  it('keeps capabilities and inbound ports, and judges neither', () => {
    const [program] = baseline.behaviour.programs;
    expect(program?.privileges).toEqual([
      { privilege: 'capability', detail: 'CAP_NET_BIND_SERVICE' },
      { privilege: 'capability', detail: 'CAP_SETUID' },
    ]);
    expect(program?.network).toContainEqual({ do: 'listen', transport: 'tcp', port: 8080 });
    expect(baseline.coverage).toEqual(['connect', 'exec', 'open']);
  });

  it('counts what it left out, and why', () => {
    expect(programs).toBe(3);
    expect(leftOut.map(({ what, why }) => `${why} ${what}`).sort()).toEqual([
      'accepts-anything /*',
      'accepts-anything /⋯',
      'argument-pattern /usr/bin/render --all ⋯⋯',
      'argument-pattern /usr/bin/render --page ⋯',
      'not-expressible /srv/www/*',
      'peer-pattern *.cdn.example',
      'peer-pattern b3',
    ]);
  });

  it('does not cover what the profile did not watch', () => {
    const [clock] = read('container-profile.yaml');
    if (clock === undefined) throw new Error('the fixture is empty');
    expect(clock.name).toBe('clock');
    expect(convertKubescape(clock, subject, madeAt).baseline).toMatchObject({
      coverage: ['exec', 'open'],
      observation: { startedAt: madeAt },
    });
  });

  it('grants less about probes, then nothing, when the profile is large; then it says so', () => {
    const large = (programs: number, files: number) => ({
      ...gate,
      execs: Array.from({ length: programs }, (_, i) => ({ path: `/opt/p${i}`, args: [] })),
      opens: Array.from({ length: files }, (_, i) => ({ path: `/srv/f${i}`, flags: ['O_RDONLY'] })),
    });
    const notesOf = (programs: number, files: number): string =>
      convertKubescape(large(programs, files), subject, madeAt).notes.join('\n');
    expect(notesOf(8, 100)).not.toMatch(/large/);
    expect(notesOf(12, 100)).toMatch(/what a probe starts in its turn is left out/);
    expect(notesOf(12, 115)).toMatch(/probes are left out/);
    expect(() => notesOf(20, 400)).toThrowError(expect.objectContaining({ code: 'TOO_LARGE' }));
  });
});

describe('readKubescape', () => {
  it.each<[string, readonly unknown[], string]>([
    ['nothing', [], ''],
    ['another kind', [{ kind: 'Pod' }], 'kind'],
    ['a network alone', [{ kind: 'NetworkNeighborhood', spec: { containers: [] } }], ''],
    [
      'an open without a path',
      [{ kind: 'ContainerProfile', spec: { opens: [{ flags: [] }] } }],
      'spec.opens[0].path',
    ],
  ])('refuses %s, naming the place', (_name, documents, field) => {
    expect(() => readKubescape(documents)).toThrowError(expect.objectContaining({ code: 'SCHEMA', field }));
  });
});
