import { describe, expect, it } from 'vitest';
import { path, type RecordToWrite, SensorWriter, type Who } from '../../../bench/sensor-writer.ts';
import type { Actor } from '../../../fingerprint/behaviour.ts';
import { fieldTag, recordType } from '../normalise/sensor-record.ts';
import { HotPath, type HotPathOptions } from './hot-path.ts';
import { SensorRawRecord } from './sensor-raw.ts';

const node: Actor = { root: 'entrypoint', lineage: ['/usr/local/bin/node'] };
const shell: Actor = { root: 'entrypoint', lineage: ['/usr/local/bin/node', '/bin/sh'] };
const server: Who = { pid: 100, start: 5_000_000_001, parent: { pid: 1, start: 1 }, cgroup: 44 };
const open = (name: string, more: Partial<RecordToWrite> = {}): RecordToWrite => ({
  type: recordType.open,
  who: server,
  a: 0o100000,
  fields: [[fieldTag.path, path(name)]],
  ...more,
});

interface Raw {
  readonly view: DataView;
  readonly length: number;
}
const placed = ({ view, length }: Raw) => new SensorRawRecord().place(view, 0, length, 0);
function raw(record: RecordToWrite, time = 1): Raw {
  const writer = new SensorWriter();
  writer.write(time, record);
  const bytes = writer.bytes();
  return { view: new DataView(bytes.buffer), length: bytes.length };
}

class Rig {
  readonly copy = { known: { epoch: 0 }, peers: { epoch: 0 } };
  readonly doer: { actor: Actor | undefined; outside: boolean } = { actor: node, outside: false };
  readonly hot: HotPath<Rig['doer'], Rig['copy']>;

  constructor(options: Partial<HotPathOptions<Rig['doer']>> = {}) {
    this.hot = new HotPath({ whoIs: () => undefined, ...options });
  }

  knows(r: Raw): boolean {
    const found = this.hot.find(placed(r));
    if (found !== undefined) expect(found).toBe(this.copy);
    return found !== undefined;
  }

  tell(r: Raw, doer = this.doer, actor = node, peerUntil?: number): void {
    this.hot.remember(placed(r), doer, actor, this.copy, peerUntil);
  }

  static taught(record: RecordToWrite, options: Partial<HotPathOptions<Rig['doer']>> = {}): Rig {
    const rig = new Rig(options);
    for (const time of [1, 2]) rig.tell(raw(record, time));
    return rig;
  }
}

describe('HotPath', () => {
  it('knows nothing at first and answers from the second telling on', () => {
    const rig = new Rig();
    const record = raw(open('/etc/hosts'));
    expect(rig.knows(record)).toBe(false);
    rig.tell(record);
    expect(rig.knows(record)).toBe(false);
    rig.tell(record);
    expect(rig.knows(record)).toBe(true);
  });

  it('does not mind when it happens, nor who the parent is by now', () => {
    const rig = Rig.taught(open('/etc/hosts'));
    const reparented = { ...server, parent: { pid: 7, start: 9 } };
    expect(rig.knows(raw(open('/etc/hosts', { who: reparented }), 99_000))).toBe(true);
  });

  it.each<[string, RecordToWrite]>([
    ['another path', open('/etc/hostz')],
    ['a longer path', open('/etc/hosts/x')],
    ['the same path with other flags', open('/etc/hosts', { a: 0o100001 })],
    ['the same path elsewhere (facts)', open('/etc/hosts', { facts: 4 })],
    ['the same path asked for otherwise', open('/etc/hosts', { b: 512 })],
    ['another act on the same path', open('/etc/hosts', { type: recordType.load })],
    ['another process', open('/etc/hosts', { who: { ...server, pid: 101 } })],
    ['a later process of the same pid', open('/etc/hosts', { who: { ...server, start: 5_000_001_001 } })],
    [
      'a later process, far away in time',
      open('/etc/hosts', { who: { ...server, start: 5_000_000_001 + 2 ** 33 } }),
    ],
    ['the process in another cgroup', open('/etc/hosts', { who: { ...server, cgroup: 45 } })],
  ])('looks closer at %s', (_what, record) => {
    expect(Rig.taught(open('/etc/hosts')).knows(raw(record))).toBe(false);
  });

  it.each([
    ['exec', recordType.exec],
    ['fork', recordType.fork],
    ['exit', recordType.exit],
    ['accept', recordType.accept],
    ['cgroup', recordType.cgroup],
    ['attach', recordType.attach],
  ])('never answers for %s, which changes who is who or depends on more than the bytes', (_what, type) => {
    const record = open('/etc/hosts', { type });
    expect(Rig.taught(record).knows(raw(record))).toBe(false);
  });

  it.each([
    ['cut', 6, 1],
    ['found by a sweep', 6, 2],
    ['failed', 48, 13],
  ])('never answers for a record that is %s', (_what, offset, value) => {
    const rig = Rig.taught(open('/etc/hosts'));
    const record = raw(open('/etc/hosts'));
    record.view.setUint16(offset, value, true);
    for (let i = 0; i < 2; i++) rig.tell(record);
    expect(rig.knows(record)).toBe(false);
  });

  it('ignores what lies between two fields', () => {
    const rig = Rig.taught(open('/etc/host'));
    const record = raw(open('/etc/host'));
    record.view.setUint8(record.length - 1, 0x5a);
    expect(rig.knows(record)).toBe(true);
  });

  it.each([5, 0xffff])('refuses a field of %d bytes that does not fit its record', (length) => {
    const rig = new Rig();
    const record = raw(open('/x'));
    record.view.setUint16(82, length, true);
    for (let i = 0; i < 2; i++) rig.tell(record);
    expect(rig.knows(record)).toBe(false);
  });

  it('shares answers between processes of one program, once it has met them', () => {
    const rig = Rig.taught(open('/etc/hosts'));
    const who = { ...server, pid: 200, start: 6_000_000_000 };
    rig.tell(raw(open('/other', { who })), { actor: node, outside: false });
    expect(rig.knows(raw(open('/etc/hosts', { who })))).toBe(true);
    rig.tell(raw(open('/other', { who })), { actor: shell, outside: false }, shell);
    expect(rig.knows(raw(open('/etc/hosts', { who })))).toBe(false);
  });

  it.each<[string, (rig: Rig) => void]>([
    [
      'the process runs another program',
      (rig) => {
        rig.doer.actor = shell;
      },
    ],
    [
      'attribution has forgotten the process',
      (rig) => {
        rig.doer.actor = undefined;
      },
    ],
    [
      'the process is an intruder',
      (rig) => {
        rig.doer.outside = true;
      },
    ],
    [
      'the copy is judged anew',
      (rig) => {
        rig.copy.known.epoch += 1;
      },
    ],
  ])('answers nothing any more when %s', (_what, change) => {
    const rig = Rig.taught(open('/etc/hosts'));
    change(rig);
    expect(rig.knows(raw(open('/etc/hosts')))).toBe(false);
  });

  it('asks who a process is that it has not met', () => {
    const known = Rig.taught(open('/etc/hosts'));
    const who = { ...server, pid: 200 };
    const asking = Rig.taught(open('/etc/hosts'), { whoIs: () => ({ actor: node, outside: false }) });
    const intruder = Rig.taught(open('/etc/hosts'), { whoIs: () => ({ actor: node, outside: true }) });
    expect(known.knows(raw(open('/etc/hosts', { who })))).toBe(false);
    expect(asking.knows(raw(open('/etc/hosts', { who })))).toBe(true);
    expect(asking.knows(raw(open('/etc/other', { who })))).toBe(false);
    expect(intruder.knows(raw(open('/etc/hosts', { who })))).toBe(false);
  });

  it('learns anew what was known before the copy was judged anew', () => {
    const rig = Rig.taught(open('/etc/hosts'));
    rig.copy.known.epoch += 1;
    rig.tell(raw(open('/etc/hosts')));
    expect(rig.knows(raw(open('/etc/hosts')))).toBe(true);
  });

  it('holds what it knows of a peer until the name runs out or names change', () => {
    const rig = new Rig();
    const connect = open('/', {
      type: recordType.connect,
      fields: [[fieldTag.address, Uint8Array.of(10, 0, 0, 1)]],
    });
    for (const time of [1_000, 2_000]) rig.tell(raw(connect, time), rig.doer, node, 50);
    expect(rig.knows(raw(connect, 50_000))).toBe(true);
    expect(rig.knows(raw(connect, 51_000))).toBe(false);
    rig.copy.peers.epoch += 1;
    expect(rig.knows(raw(connect, 50_000))).toBe(false);
  });

  it('stays within its bound on processes', () => {
    const rig = Rig.taught(open('/etc/hosts'), { maxProcesses: 2 });
    for (const pid of [1, 2, 3]) rig.tell(raw(open('/etc/hosts', { who: { ...server, pid } })));
    expect(rig.knows(raw(open('/etc/hosts')))).toBe(false);
    expect(rig.knows(raw(open('/etc/hosts', { who: { ...server, pid: 3 } })))).toBe(true);
  });
});
