import { describe, expect, it } from 'vitest';
import {
  fieldTag,
  path,
  type RecordToWrite,
  recordType,
  SensorWriter,
  type Who,
} from '../../../bench/sensor-writer.ts';
import type { Actor } from '../../../fingerprint/behaviour.ts';
import { HotPath, type HotPathOptions } from './hot-path.ts';

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
function raw(record: RecordToWrite, time = 1): Raw {
  const writer = new SensorWriter();
  writer.write(time, record);
  const bytes = writer.bytes();
  return { view: new DataView(bytes.buffer), length: bytes.length };
}
const asks = (hot: HotPath<string>, r: Raw): boolean => hot.expected(r.view, 0, r.length);
const tell = (hot: HotPath<string>, r: Raw, actor = node): void =>
  hot.remember(r.view, 0, r.length, actor, 'tally');

function taught(record: RecordToWrite, options: HotPathOptions = {}): HotPath<string> {
  const hot = new HotPath<string>(options);
  for (const time of [1, 2]) tell(hot, raw(record, time));
  return hot;
}

describe('HotPath', () => {
  it('knows nothing at first and answers from the second telling on', () => {
    const hot = new HotPath<string>();
    const record = raw(open('/etc/hosts'));
    expect(asks(hot, record)).toBe(false);
    tell(hot, record);
    expect(asks(hot, record)).toBe(false);
    tell(hot, record);
    expect(asks(hot, record)).toBe(true);
  });

  it('does not mind when it happens, nor who the parent is by now', () => {
    const hot = taught(open('/etc/hosts'));
    const reparented = { ...server, parent: { pid: 7, start: 9 } };
    expect(asks(hot, raw(open('/etc/hosts', { who: reparented }), 99_000))).toBe(true);
  });

  it.each<[string, RecordToWrite]>([
    ['another path', open('/etc/hostz')],
    ['a longer path', open('/etc/hosts/x')],
    ['the same path with other flags', open('/etc/hosts', { a: 0o100001 })],
    ['the same path elsewhere (facts)', open('/etc/hosts', { facts: 4 })],
    ['the same path asked for otherwise', open('/etc/hosts', { b: 512 })],
    ['another act on the same path', open('/etc/hosts', { type: recordType.load })],
    ['another process', open('/etc/hosts', { who: { ...server, pid: 101 } })],
    ['a later process of the same pid', open('/etc/hosts', { who: { ...server, start: 5_000_000_002 } })],
    [
      'a later process, far away in time',
      open('/etc/hosts', { who: { ...server, start: 5_000_000_001 + 2 ** 33 } }),
    ],
    ['the process in another cgroup', open('/etc/hosts', { who: { ...server, cgroup: 45 } })],
  ])('looks closer at %s', (_what, record) => {
    expect(asks(taught(open('/etc/hosts')), raw(record))).toBe(false);
  });

  it.each([
    ['exec', recordType.exec],
    ['fork', recordType.fork],
    ['exit', recordType.exit],
    ['connect', recordType.connect],
    ['cgroup', recordType.cgroup],
    ['attach', recordType.attach],
  ])('never answers for %s, which changes who is who or depends on more than the bytes', (_what, type) => {
    const record = open('/etc/hosts', { type });
    expect(asks(taught(record), raw(record))).toBe(false);
  });

  it.each([
    ['cut', 6, 1],
    ['found by a sweep', 6, 2],
    ['failed', 48, 13],
  ])('never answers for a record that is %s', (_what, offset, value) => {
    const record = raw(open('/etc/hosts'));
    record.view.setUint16(offset, value, true);
    const hot = taught(open('/etc/hosts'));
    tell(hot, record);
    tell(hot, record);
    expect(asks(hot, record)).toBe(false);
  });

  it('ignores what lies between two fields', () => {
    const hot = taught(open('/etc/host'));
    const record = raw(open('/etc/host'));
    record.view.setUint8(record.length - 1, 0x5a);
    expect(asks(hot, record)).toBe(true);
  });

  it.each([3, 0xffff])('refuses a field of %d bytes that does not fit its record', (length) => {
    const record = raw(open('/x'));
    record.view.setUint16(82, length === 3 ? 5 : length, true);
    const hot = new HotPath<string>();
    tell(hot, record);
    tell(hot, record);
    expect(asks(hot, record)).toBe(false);
  });

  it('shares answers between processes of one program, once it has met them', () => {
    const hot = taught(open('/etc/hosts'));
    const worker = { ...server, pid: 200, start: 6_000_000_000 };
    tell(hot, raw(open('/other', { who: worker })));
    expect(asks(hot, raw(open('/etc/hosts', { who: worker })))).toBe(true);
    tell(hot, raw(open('/other', { who: worker })), shell);
    expect(asks(hot, raw(open('/etc/hosts', { who: worker })))).toBe(false);
  });

  it('takes nothing for granted after forget and forgetAll', () => {
    const hot = taught(open('/etc/hosts'));
    hot.forget(server.pid);
    expect(asks(hot, raw(open('/etc/hosts')))).toBe(false);
    tell(hot, raw(open('/etc/hosts')));
    expect(asks(hot, raw(open('/etc/hosts')))).toBe(true);
    hot.forgetAll();
    expect(asks(hot, raw(open('/etc/hosts')))).toBe(false);
  });

  it('counts each answer once under its tally', () => {
    const hot = taught(open('/etc/hosts'));
    for (let i = 0; i < 5; i++) asks(hot, raw(open('/etc/hosts')));
    const drained: [string, number][] = [];
    for (let i = 0; i < 2; i++) hot.drain((tally, times) => drained.push([tally, times]));
    expect(drained).toEqual([['tally', 5]]);
    expect(hot.hits).toBe(5);
  });

  it('stays within its bound on processes', () => {
    const hot = taught(open('/etc/hosts'), { maxProcesses: 2 });
    for (const pid of [1, 2, 3]) tell(hot, raw(open('/etc/hosts', { who: { ...server, pid } })));
    expect(asks(hot, raw(open('/etc/hosts')))).toBe(false);
    expect(asks(hot, raw(open('/etc/hosts', { who: { ...server, pid: 3 } })))).toBe(true);
  });
});
