import { describe, expect, it } from 'vitest';
import { expanded } from './expand.ts';
import { podContainers } from './pod-containers.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const of = (spec: object, status: object = {}) =>
  Object.fromEntries(podContainers({ ...spec }, { ...status }));
const probesOf = (container: object) => of({ containers: [{ name: 'c', ...container }] }).c?.probes;

describe('the containers of a pod', () => {
  it('have the roles of the lists they stand in; a sidecar runs beside the main ones', () => {
    const containers = of({
      initContainers: [{ name: 'prepare' }, { name: 'proxy', restartPolicy: 'Always' }],
      containers: [{ name: 'cart', image: 'r.example/cart:v1' }],
      ephemeralContainers: [{ name: 'debugger-x' }],
    });
    expect(Object.values(containers).map(({ name, role }) => [name, role])).toEqual([
      ['cart', 'main'],
      ['prepare', 'init'],
      ['proxy', 'main'],
      ['debugger-x', 'ephemeral'],
    ]);
    expect(containers.cart?.image).toBe('r.example/cart:v1');
  });

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['no list', { name: 'x' }],
    ['of something else', [1, 'x', null, [], {}, { name: 1 }, { name: '' }]],
  ])('are none when they are %s', (_name, containers) => expect(of({ containers })).toEqual({}));

  it('cannot take a name twice, nor be without end', () => {
    const twice = of({
      containers: [{ name: 'c', image: 'one' }],
      initContainers: [{ name: 'c', image: 'two' }],
    });
    expect(twice.c).toMatchObject({ role: 'main', image: 'one' });
    const many = Array.from({ length: 1_000 }, (_, i) => ({ name: `c${i}` }));
    expect(Object.keys(of({ containers: many }))).toHaveLength(64);
  });

  it('are kept with an image that a registry could hold, since nobody bounds what a pod calls one', () => {
    expect(of({ containers: [{ name: 'c', image: 'x'.repeat(1_000_000) }] }).c).toMatchObject({
      name: 'c',
      image: undefined,
    });
  });

  it('have no probe of a command that would take all memory', () => {
    const env = [{ name: 'A', value: 'x'.repeat(1_000_000) }];
    expect(probesOf({ env, livenessProbe: { exec: { command: ['$(A)'.repeat(4_000)] } } })).toEqual([]);
  });

  it.each<[string, object, object | undefined]>([
    [
      'containerd',
      { containerID: 'containerd://c1', imageID: `r.example/cart@${digest}` },
      { id: 'c1', digest },
    ],
    ['CRI-O', { containerID: 'cri-o://c1', imageID: `r.example/cart@${digest}` }, { id: 'c1', digest }],
    [
      'Docker',
      { containerID: 'docker://c1', imageID: `docker-pullable://cart@${digest}` },
      { id: 'c1', digest },
    ],
    [
      'an image by its configuration',
      { containerID: 'docker://c1', imageID: digest },
      { id: 'c1', digest: undefined },
    ],
    ['one that waits', { imageID: '', state: { waiting: {} } }, undefined],
    ['another type', { containerID: 7, imageID: {} }, undefined],
  ])('run as %s says', (_name, status, running) => {
    const found = of({ containers: [{ name: 'c' }] }, { containerStatuses: [{ name: 'c', ...status }] });
    expect(found.c?.running).toEqual(running);
  });

  it('run as the status of their own list says', () => {
    const status = (name: string) => [{ name, containerID: `containerd://${name}-id` }];
    const found = of(
      { containers: [{ name: 'a' }], initContainers: [{ name: 'b' }], ephemeralContainers: [{ name: 'c' }] },
      {
        containerStatuses: status('a'),
        initContainerStatuses: status('b'),
        ephemeralContainerStatuses: status('c'),
      },
    );
    expect(Object.values(found).map(({ running }) => running?.id)).toEqual(['a-id', 'b-id', 'c-id']);
  });
});

describe('what may enter from outside', () => {
  it('is what probes and hooks execute, and nothing that is only asked over the network', () => {
    expect(
      probesOf({
        livenessProbe: { exec: { command: ['/bin/live'] } },
        readinessProbe: { httpGet: { path: '/', port: 80 } },
        startupProbe: { exec: { command: ['/bin/started', 'x'] }, tcpSocket: { port: 1 } },
        lifecycle: {
          postStart: { exec: { command: ['/bin/post'] } },
          preStop: { exec: { command: ['/bin/pre'] } },
        },
      }),
    ).toEqual([['/bin/live'], ['/bin/started', 'x'], ['/bin/post'], ['/bin/pre']]);
    expect(
      probesOf({ livenessProbe: { grpc: { port: 1 } }, lifecycle: { preStop: { sleep: { seconds: 1 } } } }),
    ).toEqual([]);
  });

  it.each<[string, object]>([
    ['no command', { livenessProbe: { exec: {} } }],
    ['an empty one', { livenessProbe: { exec: { command: [] } } }],
    ['something else in it', { livenessProbe: { exec: { command: ['/bin/x', 1] } } }],
    ['a text', { livenessProbe: { exec: { command: '/bin/x' } } }],
    ['other types', { livenessProbe: 'x', readinessProbe: [], lifecycle: { postStart: 1 } }],
  ])('is nothing where there is %s', (_name, container) => expect(probesOf(container)).toEqual([]));

  it('is told as somebody who enters when it is more than a pod may make us keep', () => {
    const large = { exec: { command: ['/bin/sh', '-c', 'x'.repeat(9_000)] } };
    const found = of({
      containers: [
        { name: 'a', livenessProbe: large },
        { name: 'b', livenessProbe: large },
        { name: 'c', livenessProbe: { exec: { command: ['/c'] } } },
      ],
    });
    expect(Object.values(found).map(({ probes }) => probes.length)).toEqual([1, 0, 1]);
  });

  it('is written out in probes as kubelet does it, and left as it is in hooks', () => {
    const env = [
      { name: 'PORT', value: '8080' },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's' } } },
    ];
    const command = ['/bin/check', '$(PORT)'];
    expect(
      probesOf({ env, livenessProbe: { exec: { command } }, lifecycle: { preStop: { exec: { command } } } }),
    ).toEqual([
      ['/bin/check', '8080'],
      ['/bin/check', '$(PORT)'],
    ]);
  });

  it.each([
    ['$(A)', '1'],
    ['x$(A)y$(B)', 'x1y$(A)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$$$$', '$$'],
    ['$(NONE)', '$(NONE)'],
    ['$(ELSEWHERE)', ''],
    ['$(A', '$(A'],
    ['$A $', '$A $'],
    ['$()', '$()'],
    ['$(constructor)', '$(constructor)'],
  ])('has %s as %s', (text, as) => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)' },
      { name: 'ELSEWHERE', valueFrom: {} },
      { value: 'nobody' },
      'x',
    ];
    expect(expanded([text], env, 16_384)).toEqual([as]);
  });
});
