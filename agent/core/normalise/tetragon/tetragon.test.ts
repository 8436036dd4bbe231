import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../fingerprint/event.ts';
import { type FakeNode, fakeNodeView } from '../../../../test/fakes/node-views.ts';
import { encodeDump, encodeResponse, execId, framed } from '../../../../test/fakes/tetragon-messages.ts';
import { parseExecId } from './exec-id.ts';
import { wordsOf } from './execution.ts';
import { createTetragonNormaliser, missingPolicies } from './tetragon.ts';

const epochUs = 1_750_000_000_000_000;
const container = 'ab'.repeat(32);

function normaliserOn(node: FakeNode = {}, policies?: readonly string[]) {
  return createTetragonNormaliser(fakeNodeView(node), { policies: () => policies });
}

/** @param at µs since boot */
function iso(at: number): string {
  const micros = epochUs + at;
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}

/** A process as a message tells it. @param at its execution or fork, µs since boot */
function process(pid: number, at: number, more: object = {}): object {
  return {
    exec_id: execId('n', BigInt(at) * 1_000n, pid),
    pid,
    binary: '/srv/app',
    flags: 'execve clone',
    start_time: iso(at),
    docker: container.slice(0, 31),
    ...more,
  };
}

const exec = (pid: number, at: number, more: object = {}): object => ({
  process_exec: { process: process(pid, at, more) },
  time: iso(at),
});
const exit = (pid: number, execAt: number, at: number, more: object = {}): object => ({
  process_exit: { process: process(pid, execAt, more), time: iso(at) },
  time: iso(at),
});
const open = (pid: number, execAt: number, at: number, more: object = {}): object => ({
  process_lsm: {
    process: process(pid, execAt, more),
    function_name: 'file_open',
    policy_name: 'whorl-files',
    args: [{ file_arg: { path: '/etc/app' } }, { uint_arg: 0 }, { uint_arg: 0 }],
  },
  time: iso(at),
});

function told(events: readonly Event[]): string[] {
  return events.map(({ kind, process: p, found }) => `${kind} ${p.pid}@${p.start}${found ? ' found' : ''}`);
}

function read(node: FakeNode, ...responses: readonly object[]): string[] {
  return told(normaliserOn(node).push(framed(...responses.map(encodeResponse))));
}

describe('a process', () => {
  it.each<[string, FakeNode, object[], string[]]>([
    [
      'is one through all that it executes',
      {},
      [exec(7, 5_000_000), exec(7, 6_000_000, { flags: 'execve' })],
      ['exec 7@5000000', 'exec 7@5000000'],
    ],
    [
      'starts when /proc says, while it lives',
      { ticks: new Map([[7, 480]]) },
      [exec(7, 5_000_000)],
      ['exec 7@4800000'],
    ],
    [
      'does not get the start of who has its pid now',
      { ticks: new Map([[7, 900]]) },
      [exec(7, 5_000_000)],
      ['exec 7@5000000'],
    ],
    [
      'is another when its end was told',
      {},
      [exec(7, 5_000_000), exit(7, 5_000_000, 6_000_000), exec(7, 7_000_000)],
      ['exec 7@5000000', 'exit 7@5000000', 'exec 7@7000000'],
    ],
    [
      'is another when its end was lost and it is a clone again',
      {},
      [exec(7, 5_000_000), exec(7, 7_000_000)],
      ['exec 7@5000000', 'exec 7@7000000'],
    ],
    [
      'keeps its start when it forked before it executed',
      {},
      [open(7, 4_000_000, 4_100_000, { flags: 'clone' }), exec(7, 5_000_000)],
      ['open 7@4000000', 'exec 7@4000000'],
    ],
    [
      'is told once, by whichever event comes first',
      {},
      [exec(3, 1_000_000), open(7, 5_000_000, 5_100_000), exec(7, 5_000_000), open(7, 5_000_000, 5_200_000)],
      ['exec 3@1000000', 'exec 7@5000000', 'open 7@5000000', 'open 7@5000000'],
    ],
    [
      'was there before when it executed before anything was told',
      {},
      [exec(3, 4_000_000), open(7, 2_000_000, 5_100_000)],
      ['exec 3@4000000', 'exec 7@2000000 found', 'open 7@2000000'],
    ],
    [
      'is the one before when what it did is told late',
      {},
      [exec(7, 5_000_000), exit(7, 5_000_000, 6_000_000), exec(7, 7_000_000), open(7, 5_000_000, 5_500_000)],
      ['exec 7@5000000', 'exit 7@5000000', 'exec 7@7000000', 'open 7@5000000'],
    ],
    [
      'ends once',
      {},
      [exec(7, 5_000_000), exit(7, 5_000_000, 6_000_000), exit(7, 5_000_000, 6_000_000)],
      ['exec 7@5000000', 'exit 7@5000000'],
    ],
    [
      'that Tetragon does not know is known by its start',
      {},
      [
        exec(7, 5_000_000),
        { ...open(7, 5_000_000, 5_100_000, { exec_id: '', binary: '', flags: 'unknown', docker: '' }) },
      ],
      ['exec 7@5000000', 'open 7@5000000'],
    ],
  ])('%s', (_, node, responses, expected) => {
    expect(read(node, ...responses)).toEqual(expected);
  });

  it('descends from who forked it, also when it never executes', () => {
    const events = normaliserOn().push(
      framed(
        encodeResponse(exec(7, 5_000_000)),
        encodeResponse(
          open(8, 6_000_000, 6_100_000, { flags: 'clone', parent_exec_id: execId('n', 5_000_000_000n, 7) }),
        ),
      ),
    );
    expect(events).toMatchObject([
      { kind: 'exec' },
      { kind: 'fork', process: { pid: 7, start: 5_000_000 }, child: { pid: 8, start: 6_000_000 } },
      { kind: 'open', process: { pid: 8 } },
    ]);
  });
});

describe('a container', () => {
  const place = { id: 42, path: '/kubepods/pod1/abab' };

  it('is a control group, told before its first act', () => {
    const view = { places: new Map([[container.slice(0, 31), place]]) };
    const events = normaliserOn(view).push(framed(encodeResponse(exec(7, 5_000_000))));
    expect(events).toMatchObject([
      { kind: 'cgroup', action: 'found', ...place },
      { kind: 'exec', cgroup: 42 },
    ]);
    expect(events[1]).not.toHaveProperty('container');
  });

  it('is the same by the beginning of its id and by the whole', () => {
    const whole = { pod: { container: { id: `cri-o://${container}` } } };
    const normaliser = normaliserOn();
    const ids = normaliser
      .push(framed(encodeResponse(exec(7, 5_000_000, whole)), encodeResponse(exec(8, 6_000_000))))
      .map(({ container: ref }) => ref?.id);
    expect(ids).toEqual([container, container]);
  });

  it('is not the host where Tetragon could not tell', () => {
    const lost = normaliserOn().push(
      framed(encodeResponse(exec(7, 5_000_000, { docker: '', flags: 'execve clone errorCgroupName' }))),
    );
    expect(lost[0]).not.toHaveProperty('cgroup');
    const host = normaliserOn().push(framed(encodeResponse(exec(7, 5_000_000, { docker: '' }))));
    expect(host[0]).toMatchObject({ cgroup: 1 });
  });
});

describe('what is executed', () => {
  const execution = (more: object, ...before: object[]) =>
    normaliserOn()
      .push(framed(...[...before, exec(7, 5_000_000, more)].map(encodeResponse)))
      .at(-1);
  const image = (path: string) => ({
    process_kprobe: {
      process: process(7, 4_000_000, { flags: 'clone' }),
      function_name: 'security_bprm_committed_creds',
      policy_name: 'whorl-code',
      args: [{ linux_binprm_arg: { path } }],
    },
    time: iso(4_999_000),
  });

  it.each<[string, object, object[], object]>([
    [
      'is the file the kernel loaded',
      { binary: '/bin/sh' },
      [image('/usr/bin/dash')],
      { exe: '/usr/bin/dash', file: '/bin/sh', args: ['sh'] },
    ],
    [
      'of a script is its interpreter',
      { binary: '/run.sh', arguments: '/run.sh x' },
      [image('/usr/bin/dash')],
      { exe: '/usr/bin/dash', file: '/run.sh', args: ['dash', '/run.sh', 'x'] },
    ],
    [
      'is the name of the call where nothing else is known',
      { binary: '/bin/sh' },
      [],
      { exe: '/bin/sh', args: ['sh'] },
    ],
    ['is cut where Tetragon cut it', { flags: 'execve truncArgs' }, [], { truncated: true }],
    ['has a place', { cwd: '/srv/' }, [], { cwd: '/srv' }],
    ['has the root for a place', { cwd: '', flags: 'execve rootcwd' }, [], { cwd: '/' }],
    ['was there at the start of Tetragon', { flags: 'procFS' }, [], { found: true }],
    [
      'comes from memory when it has no name',
      { binary: '/proc/self/fd/3', binary_properties: { file: { inode: { number: '9', links: 0 } } } },
      [],
      { origin: 'memory' },
    ],
  ])('%s', (_, more, before, expected) => {
    expect(execution(more, ...before)).toMatchObject(expected);
  });

  it('has arguments that come back out of the text, unless one holds both blank and quotation mark', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '-', ' ', "'"), minLength: 1 });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        // As Tetragon's ArgsDecoder joins them.
        let text = '';
        for (const each of words) {
          if (each.includes(' ')) text += ` "${each}"`;
          else text = text === '' ? each : `${text} ${each}`;
        }
        expect(wordsOf(text)).toEqual(words);
      }),
      { seed: 1 },
    );
  });

  it('is known from the dump by who is alive', () => {
    const node = { ticks: new Map([[7, 500]]) };
    const normaliser = normaliserOn(node);
    const dump = encodeDump([process(7, 5_000_000), process(8, 6_000_000)]);
    expect(told(normaliser.note({ type: 'snapshot', bytes: dump }))).toEqual(['exec 7@5000000 found']);
    expect(normaliser.note({ type: 'snapshot', bytes: new Uint8Array([255]) })).toEqual([]);
    expect(normaliser.counters()['tetragon.malformed']).toBe(1);
  });
});

it('reads ids of executions and nothing that only looks like one', () => {
  expect(parseExecId(execId('a:b', 123_456_789_012_345_678n, 42))).toEqual({
    pid: 42,
    at: 123_456_789_012_345,
  });
  for (const text of [undefined, '', '!', execId('n', 1n, 1).slice(2, 6), 'x'.repeat(600)])
    expect(parseExecId(text)).toBeUndefined();
});

it('counts what it cannot use, and goes on', () => {
  const normaliser = normaliserOn();
  const foreign = {
    process_kprobe: { process: process(7, 1), policy_name: 'other', function_name: 'tcp_connect' },
  };
  const unlike = {
    process_kprobe: {
      process: process(7, 1),
      policy_name: 'whorl-network',
      function_name: 'tcp_connect',
      args: [{ int_arg: 1 }],
    },
  };
  const nobody = { process_exec: { process: { binary: '/x' } } };
  const messages = [foreign, unlike, nobody, { node_name: 'n' }, { process_tracepoint: {} }].map(
    encodeResponse,
  );
  normaliser.push(framed(...messages, new Uint8Array([0x0a, 0xff]), encodeResponse(exec(7, 5_000_000))));
  expect(normaliser.counters()).toMatchObject({
    'tetragon.records': 7,
    'tetragon.foreign': 2,
    'tetragon.malformed': 2,
    'tetragon.processless': 1,
    'tetragon.unknown': 1,
  });
});

it('covers what the loaded policies show, or those of which anything came', () => {
  expect(normaliserOn({}, ['whorl-files', 'theirs']).coverage()).toEqual(['exec', 'open']);
  // A cluster may call its policies as it likes.
  expect(normaliserOn({}, ['constructor', '__proto__']).coverage()).toEqual(['exec']);
  const normaliser = normaliserOn();
  expect(normaliser.coverage()).toEqual(['exec']);
  normaliser.push(framed(encodeResponse(open(7, 5_000_000, 5_100_000))));
  expect(normaliser.coverage()).toEqual(['exec', 'open']);
  expect(
    missingPolicies(new Set(['whorl-files-kprobe', 'whorl-code', 'whorl-changes', 'whorl-network'])),
  ).toEqual(['whorl-privileges']);
});
