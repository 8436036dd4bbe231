import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../fingerprint/event.ts';
import { openNode } from '../../../../test/fakes/falco-recordings.ts';
import type { NodeView } from '../node-view.ts';
import { createFalcoNormaliser, type FalcoNormaliser } from './normaliser.ts';

const container = 'f0e1d2c3b4a5';
/** ns since the epoch, as Falco writes it: no double holds it. */
const second = 1_795_172_541n;
const ns = (ms: number): string => String(second * 1_000_000_000n + BigInt(Math.round(ms * 1e6)) + 789n);
const us = (ms: number): number => Number(second) * 1e6 + ms * 1000;
let num = 0;

/** One line of Falco's JSON output; values as they are to stand there. */
function line(ms: number, fields: Record<string, string>, source = '"syscall"'): string {
  const all = {
    'evt.type': '"openat"',
    'evt.num': String(++num),
    'evt.rawres': '3',
    'evt.res': '"SUCCESS"',
    'proc.pid': '100',
    'thread.tid': '100',
    'proc.pid.ts': ns(1),
    'proc.ppid': '50',
    'proc.ppid.ts': ns(0),
    'proc.exepath': '"/usr/bin/app"',
    'container.id': `"${container}"`,
    'fd.typechar': '"f"',
    'fd.name': '"/etc/hosts"',
    'evt.arg.flags': '"O_RDONLY"',
    ...fields,
  };
  const text = Object.entries(all)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',');
  const time = `2026-11-20T11:02:21.${String(Math.round(ms * 1e6)).padStart(9, '0')}Z`;
  return `{"output_fields":{${text}},"rule":"r","source":${source},"time":"${time}"}\n`;
}

const start = (view: NodeView = openNode(), now = us(1000)): FalcoNormaliser => {
  const normaliser = createFalcoNormaliser({ view, form: 'json', now: () => now });
  normaliser.note({ type: 'connected', version: '' });
  return normaliser;
};
const read = (normaliser: FalcoNormaliser, ...lines: readonly string[]): readonly Event[] =>
  normaliser.push(Buffer.from(lines.join('')));
const counted = (normaliser: FalcoNormaliser, name: string) => normaliser.counters()[`falco.${name}`];

describe('Falco, alert by alert', () => {
  it('places a container with its first alert, and keeps starts to the microsecond', () => {
    const events = read(start(), line(2, {}));
    expect(events).toMatchObject([
      { kind: 'cgroup', id: 1_000 },
      { kind: 'open', cgroup: 1_000, process: { pid: 100, start: us(1) }, parent: { pid: 50, start: us(0) } },
    ]);
    expect(Object.keys(events[1] ?? {})).not.toContain('container');
  });

  it('tells the host as the host, whoever brings a process into a container', () => {
    const [host, prologue] = [{ 'container.id': '"host"' }, { 'proc.exepath': '"/usr/sbin/runc"' }];
    const events = read(start(), line(2, host), line(3, { ...prologue, 'proc.pid': '7', 'thread.tid': '7' }));
    expect(events.filter(({ kind }) => kind === 'open')).toMatchObject([{ cgroup: 1 }, { cgroup: 1 }]);
  });

  it.each(['"<NA>"', '""', '"null"', '"NULL"', 'null'])('takes %s for no value', (missing) => {
    const [, , open] = read(start(), line(2, { 'fd.typechar': missing }), line(3, { 'fd.name': missing }));
    expect(open).toBeUndefined();
  });

  it('finds what was there before where alerts tell how it was called, and leaves it to a sweep elsewhere', () => {
    const told = { 'proc.cmdline': '"app --serve"', 'proc.name': '"app"', 'proc.exe': '"app"' };
    expect(read(start(), line(2, told)).map(({ kind }) => kind)).toEqual(['cgroup', 'exec', 'open']);
    expect(read(start(), line(2, {})).map(({ kind }) => kind)).toEqual(['cgroup', 'open']);
  });

  it('takes the start that /proc shows where Falco saw the process only later', () => {
    const boot = us(0) - 1_000_000_000;
    const view: NodeView = { ...openNode(), bootOffset: () => boot, startTicks: () => 99_997 };
    const normaliser = start(view);
    // The first process both know sets the clock; the second came off the ground 40 ms after it was made.
    const [, first] = read(normaliser, line(2, { 'proc.pid.ts': ns(-25) }));
    expect(first?.process.start).toBe(us(-25) - boot);
    const late = { 'proc.pid': '101', 'thread.tid': '101', 'proc.pid.ts': ns(10) };
    expect(read(normaliser, line(50, late))[0]?.process.start).toBe(999_970_000);
  });

  it('knows a process by its own start, not by that of the thread that acts', () => {
    const thread = { 'thread.tid': '105', 'proc.pid.ts': ns(9) };
    const events = read(start(), line(2, {}), line(10, thread));
    expect(events.at(-1)?.process).toEqual(events.at(-2)?.process);
  });

  it('counts one event that several rules matched once', () => {
    const normaliser = start();
    const one = line(2, {});
    expect(read(normaliser, one, one)).toHaveLength(2);
    expect(counted(normaliser, 'twice')).toBe(1);
  });

  it('counts what is no alert, says nothing of who, lies before the start or in the future', () => {
    const normaliser = start({ ...openNode(), bootOffset: () => us(1) });
    const rest = read(normaliser, 'no\n', '{}\n', '[1]\n', line(2, { 'proc.pid': 'null' }), line(0.5, {}));
    expect(rest).toEqual([]);
    expect(read(normaliser, line(2, {}).replace('2026', '2027'))).toEqual([]);
    expect(normaliser.counters()).toMatchObject({
      'falco.malformed': 3,
      'falco.unread': 1,
      'falco.otherTime': 2,
      'falco.records': 6,
    });
  });

  it('tells a call once, and what is before it never (up to 0.41)', () => {
    const normaliser = start();
    read(normaliser, line(2, {}));
    expect(read(normaliser, line(3, { 'evt.dir': '">"' }))).toEqual([]);
    expect(read(normaliser, line(4, { 'evt.dir': '"<"' }))).toHaveLength(1);
  });

  it('passes over a line without end, and forgets half a line when the connection is another', () => {
    const normaliser = start();
    read(normaliser, 'x'.repeat(3 << 20), 'x\n', line(2, {}), line(3, {}).slice(0, 40));
    normaliser.note({ type: 'connected', version: '' });
    expect(read(normaliser, line(4, {}))).toHaveLength(1);
    expect(counted(normaliser, 'refused')).toBe(2);
  });

  it('says what Falco lost once, however many tell it', () => {
    const normaliser = start();
    const internal = (ms: number, fields: Record<string, string>) => line(ms, fields, '"internal"');
    const metrics = (kernel: number, queue: number) => ({
      'scap.n_drops': String(kernel),
      'falco.outputs_queue_num_drops': String(queue),
    });
    const polled = (lost: number, reason: string) =>
      normaliser.note({ type: 'gap', since: us(0), until: us(9), lost, reason });
    const kernel = 'falco dropped system calls, its buffer in the kernel was full';
    const gaps = [
      ...read(normaliser, internal(2, metrics(5, 0))),
      ...read(normaliser, internal(3, { n_drops: '"17"' })),
      ...polled(17, kernel),
      ...read(normaliser, internal(4, metrics(22, 2))),
      ...polled(4, kernel),
      ...polled(0, 'Falco was started again'),
    ];
    expect(gaps).toMatchObject([
      { kind: 'gap', lost: 17 },
      { kind: 'gap', lost: 2 },
      { kind: 'gap', lost: 4 },
      { kind: 'gap', lost: 0, reason: 'Falco was started again' },
    ]);
    expect(counted(normaliser, 'internal')).toBe(3);
  });
});
