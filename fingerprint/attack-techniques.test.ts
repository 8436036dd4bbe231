import { describe, expect, it } from 'vitest';
import { aDrift, anIncident, shop } from '../test/fakes/reports.ts';
import { attackCatalogue, type DriftEvidence, type TechniqueRow } from './attack-row.ts';
import { techniqueRows } from './attack-rows.ts';
import { techniquesOf, techniquesOfIncident } from './attack-techniques.ts';
import type { Act } from './behaviour-json.ts';
import { driftReasons } from './verdict.ts';

const exec = (exe: string, more: Partial<DriftEvidence> = {}): DriftEvidence => ({
  kind: 'exec',
  because: 'new-program',
  subject: exe,
  lineage: ['/usr/bin/shop', exe],
  inContainer: true,
  ...more,
});
const load = (path: string, more: Partial<DriftEvidence> = {}): DriftEvidence => ({
  ...exec('/usr/bin/shop'),
  kind: 'load',
  subject: path,
  because: 'never-learnable',
  ...more,
});
const privilege = (subject: string, more: Partial<DriftEvidence> = {}): DriftEvidence => ({
  ...exec('/usr/bin/shop'),
  kind: 'privilege',
  because: 'never-learnable',
  subject,
  ...more,
});
const file = (path: string, access: 'read' | 'write', more: Partial<DriftEvidence> = {}): DriftEvidence => ({
  ...exec('/usr/bin/shop'),
  kind: 'open',
  because: 'sensitive-file',
  subject: path,
  act: { kind: 'open', path, access },
  ...more,
});
const act = (given: Act): DriftEvidence => ({ ...file('/x', 'read'), kind: given.kind, act: given });
const connect = (subject: string): DriftEvidence => ({
  ...exec('/usr/bin/shop'),
  kind: 'connect',
  because: 'new-peer',
  subject,
});

const cases: [string, DriftEvidence, readonly string[]][] = [
  ['a shell', exec('/bin/sh'), ['T1059.004']],
  [
    'a shell below a parent that never started one',
    exec('/bin/bash', { because: 'new-lineage' }),
    ['T1059.004'],
  ],
  ['a shell that is known, with other arguments', exec('/bin/sh', { because: 'new-arguments' }), []],
  ['Python', exec('/usr/bin/python3.13'), ['T1059.006']],
  ['Node.js', exec('/usr/local/bin/node'), ['T1059.007']],
  ['Perl', exec('/usr/bin/perl5.40'), ['T1059']],
  ['a program named like a shell', exec('/usr/bin/bashful'), []],
  ['a program that is merely new', exec('/usr/bin/id'), []],
  ['a dropped program', exec('/tmp/x', { origin: 'upper' }), []],
  ['a program in memory', exec('memfd:x', { origin: 'memory', because: 'never-learnable' }), ['T1620']],
  ['a program in shared memory', exec('/dev/shm/x', { origin: 'scratch' }), ['T1027.011']],
  ['a program on another tmpfs', exec('/tmp/x', { origin: 'scratch' }), []],
  [
    'a known program whose file was written over',
    exec('/usr/bin/shop', { because: 'foreign-origin', origin: 'upper' }),
    ['T1554'],
  ],
  [
    'a known program from a volume',
    exec('/usr/bin/shop', { because: 'foreign-origin', origin: 'volume' }),
    [],
  ],
  [
    'a shell that a person started',
    exec('/bin/sh', { because: 'never-learnable', root: 'interactive' }),
    ['T1609', 'T1059.004'],
  ],
  [
    'a program that a person started, on a plain host',
    { ...without(exec('/usr/bin/id')), because: 'never-learnable', root: 'interactive' },
    [],
  ],
  ['a dropped library', load('/tmp/x.so', { origin: 'scratch' }), ['T1129']],
  [
    'a library that was written over',
    load('/usr/lib/libc.so.6', { because: 'foreign-origin', origin: 'upper' }),
    ['T1574'],
  ],
  ['a dropped script', load('/tmp/x.py', { origin: 'scratch' }), []],
  ['a library of the image', load('/usr/lib/x.so', { because: 'new-file', origin: 'image' }), []],
  ['setns', privilege('setns'), ['T1611']],
  ['unshare with its flags', privilege('unshare CLONE_NEWUSER'), ['T1611']],
  ['mount', privilege('mount'), ['T1611']],
  ['mount on a plain host', without(privilege('mount')), []],
  ['ptrace', privilege('ptrace'), ['T1055.008']],
  ['a module', privilege('module-load evil'), ['T1547.006']],
  ['a module that the kernel asked for', privilege('module-load requested net-pf-38'), []],
  ['memfd', privilege('memfd', { because: 'new-privilege' }), ['T1620']],
  ['bpf', privilege('bpf'), []],
  ['a capability', privilege('capability CAP_SYS_ADMIN', { because: 'new-privilege' }), []],
  ['reading shadow', file('/etc/shadow', 'read'), ['T1003.008']],
  [
    'reading shadow by a foreign program',
    file('/etc/shadow', 'read', { because: 'new-program' }),
    ['T1003.008'],
  ],
  ['writing shadow', file('/etc/shadow', 'write'), []],
  ['the environment of another process', file('/proc/1/environ', 'read'), ['T1003.007']],
  ['its own environment', file('/proc/self/environ', 'read'), []],
  ['a service-account token', file('/run/secrets/kubernetes.io/serviceaccount/token', 'read'), ['T1528']],
  ['the certificate beside it', file('/run/secrets/kubernetes.io/serviceaccount/ca.crt', 'read'), []],
  ['a private key', file('/root/.ssh/id_ed25519', 'read'), ['T1552.004']],
  ['credentials of a client', file('/root/.aws/credentials', 'read'), ['T1552.001']],
  ['writing ld.so.preload', file('/etc/ld.so.preload', 'write'), ['T1574.006']],
  ['reading ld.so.preload, as the loader does', file('/etc/ld.so.preload', 'read'), []],
  ['writing a crontab', file('/etc/cron.d/x', 'write'), ['T1053.003']],
  [
    'moving a file onto a crontab',
    act({ kind: 'rename', path: '/tmp/x', to: '/etc/crontab' }),
    ['T1053.003'],
  ],
  ['linking one into place', act({ kind: 'link', path: '/etc/cron.d/x', target: '/tmp/x' }), ['T1053.003']],
  ['deleting a crontab', act({ kind: 'delete', path: '/etc/crontab' }), []],
  ['writing a profile of the shell', file('/root/.bashrc', 'write'), ['T1546.004']],
  ['writing a unit', file('/etc/systemd/system/x.service', 'write'), ['T1543.002']],
  ['writing rc.local', file('/etc/rc.local', 'write'), ['T1037.004']],
  ['writing authorized keys', file('/root/.ssh/authorized_keys', 'write'), ['T1098.004']],
  ['writing sudoers', file('/etc/sudoers.d/x', 'write'), ['T1548.003']],
  ['writing PAM', file('/etc/pam.d/sshd', 'write'), ['T1556.003']],
  ['writing core_pattern', file('/proc/sys/kernel/core_pattern', 'write'), ['T1611']],
  ['writing release_agent', file('/sys/fs/cgroup/x/release_agent', 'write'), ['T1611']],
  ['reading core_pattern', file('/proc/sys/kernel/core_pattern', 'read'), []],
  [
    'the socket of a runtime',
    act({ kind: 'connect', transport: 'unix', peer: '/run/docker.sock', port: 0 }),
    ['T1611'],
  ],
  ['a sensitive file of which the act was not kept', withoutAct(file('/etc/shadow', 'read')), []],
  [
    'LD_PRELOAD',
    {
      ...exec('/usr/bin/shop'),
      because: 'new-environment',
      act: { kind: 'exec', args: [], env: ['LD_PRELOAD'] },
    },
    ['T1574.006'],
  ],
  [
    'NODE_OPTIONS',
    {
      ...exec('/usr/bin/node'),
      because: 'new-environment',
      act: { kind: 'exec', args: [], env: ['NODE_OPTIONS'] },
    },
    [],
  ],
  ['the metadata service', connect('169.254.169.254:80'), ['T1552.005']],
  ['another peer', connect('evil.example:443'), []],
  ['no reason known', { kind: 'exec', subject: '/bin/sh', lineage: ['/bin/sh'] }, []],
];

function without({ inContainer: _, ...evidence }: DriftEvidence): DriftEvidence {
  return evidence;
}

function withoutAct({ act: _, ...evidence }: DriftEvidence): DriftEvidence {
  return evidence;
}

const rowsOf = (said: readonly TechniqueRow[] | string) => (typeof said === 'string' ? [] : said);
const all = Object.values(techniqueRows).flatMap(rowsOf);

describe('techniques of ATT&CK', () => {
  it.each(cases)('%s', (_name, evidence, ids) => {
    expect(techniquesOf(evidence).map((t) => t.id)).toEqual(ids);
  });

  it('are decided on for every reason for drift: some, or why none follows', () => {
    expect(Object.keys(techniqueRows).toSorted()).toEqual([...driftReasons].toSorted());
    for (const said of Object.values(techniqueRows)) expect(said.length).toBeGreaterThan(0);
  });

  it('have ids, names and tactics of the catalogue, each id one name', () => {
    const tactics = [
      'Execution',
      'Persistence',
      'Privilege Escalation',
      'Defense Evasion',
      'Credential Access',
    ];
    for (const { technique } of all) {
      expect(technique.id).toMatch(/^T\d{4}(\.\d{3})?$/);
      expect(tactics).toContain(technique.tactic);
    }
    const names = new Map(all.map(({ technique }) => [technique.id, technique.name]));
    expect(all.filter(({ technique }) => names.get(technique.id) !== technique.name)).toEqual([]);
    expect(new Set(names.values()).size).toBe(names.size);
  });

  it('each have a case', () => {
    const shown = new Set(cases.flatMap(([, , ids]) => ids));
    expect([...new Set(all.map(({ technique }) => technique.id))].filter((id) => !shown.has(id))).toEqual([]);
  });

  it('come from a catalogue with version and date', () => {
    expect(attackCatalogue.version).toMatch(/^\d+\.\d+$/);
    expect(attackCatalogue.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('of an incident are named once, and know whether it is a container', () => {
    const setns = { ...aDrift, kind: 'privilege', because: 'never-learnable', subject: 'setns' } as const;
    const drifts = [setns, { ...setns, subject: 'ptrace' }, setns];
    const idsOf = (owner: string) =>
      techniquesOfIncident(anIncident({ drifts, workload: { ...shop, owner } })).map((t) => t.id);
    expect(idsOf('Deployment/cart')).toEqual(['T1611', 'T1055.008']);
    expect(idsOf('unit/shop.service')).toEqual(['T1055.008']);
  });
});
