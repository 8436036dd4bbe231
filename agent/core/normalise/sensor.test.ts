import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEvent, parseEvent } from '../../../fingerprint/event-json.ts';
import { createSensorNormaliser } from './sensor.ts';
import { recordHead, recordType } from './sensor-record.ts';

interface Head {
  readonly type: number;
  readonly flags?: number;
  readonly error?: number;
  readonly facts?: number;
  readonly a?: bigint;
  readonly b?: bigint;
  readonly c?: bigint;
  readonly cgroup?: bigint;
}

function record(head: Head, fields: readonly (readonly [tag: number, text: string])[] = []): Buffer {
  const parts = fields.map(([tag, text]) => {
    const field = Buffer.alloc(4 + ((text.length + 3) & ~3));
    field.writeUInt16LE(tag, 0);
    field.writeUInt16LE(text.length, 2);
    field.write(text, 4, 'latin1');
    return field;
  });
  const h = Buffer.alloc(recordHead.size);
  h.writeUInt32LE(h.length + parts.reduce((n, p) => n + p.length, 0), recordHead.length);
  h.writeUInt16LE(head.type, recordHead.type);
  h.writeUInt16LE(head.flags ?? 0, recordHead.flags);
  h.writeBigUInt64LE(5_000_000_000n, recordHead.time);
  h.writeBigUInt64LE(head.cgroup ?? 44n, recordHead.cgroup);
  h.writeBigUInt64LE(1_234_567_999n, recordHead.start);
  h.writeUInt32LE(7, recordHead.pid);
  h.writeUInt32LE(head.facts ?? 0, recordHead.facts);
  h.writeInt32LE(head.error ?? 0, recordHead.error);
  h.writeBigUInt64LE(head.a ?? 0n, recordHead.a);
  h.writeBigUInt64LE(head.b ?? 0n, recordHead.b);
  h.writeBigUInt64LE(head.c ?? 0n, recordHead.c);
  return Buffer.concat([h, ...parts]);
}
const one = (...bytes: Buffer[]) => createSensorNormaliser().push(Buffer.concat(bytes));

const { exec, open, change, link, connect, privilege, fork, exit, gap, hello, attach } = recordType;

describe('a record of the sensor', () => {
  it.each<[string, Buffer, object]>([
    [
      'open to read',
      record({ type: open, a: 0n }, [[1, 'b\0a\0']]),
      { kind: 'open', path: '/a/b', access: 'read' },
    ],
    ['open to write', record({ type: open, a: 1n }, [[1, 'b\0']]), { access: 'write' }],
    ['open that empties', record({ type: open, b: 0o1000n }, [[1, 'b\0']]), { access: 'write' }],
    [
      'open that made the file',
      record({ type: open, a: 1n, facts: 256 }, [[1, 'b\0']]),
      { access: 'create' },
    ],
    [
      'failed open',
      record({ type: open, error: 13, b: 0o101n }, [
        [2, 'etc\0'],
        [3, 'x'],
      ]),
      { path: '/etc/x', access: 'create', error: 13 },
    ],
    ['io_uring', record({ type: open, flags: 8 }, [[1, 'b\0']]), { via: 'io_uring' }],
    ['a cut path', record({ type: open, flags: 1 }, [[1, 'b\0']]), { truncated: true }],
    [
      'chmod',
      record({ type: change, a: 1n }, [
        [2, ''],
        [3, '/x'],
      ]),
      { kind: 'open', path: '/x', access: 'write', via: 'chmod' },
    ],
    [
      'a change this build does not know',
      record({ type: change, a: 99n }, [[3, '/x']]),
      { access: 'write', via: 'change' },
    ],
    [
      'a symbolic link',
      record({ type: link, a: 1n }, [
        [2, 'srv\0'],
        [3, '../t'],
        [4, 'srv\0'],
        [5, 'l'],
      ]),
      { path: '/srv/l', target: '../t', symbolic: true },
    ],
    [
      'a hard link',
      record({ type: link }, [
        [2, 'srv\0'],
        [3, 't'],
        [4, 'srv\0'],
        [5, 'l'],
      ]),
      { path: '/srv/l', target: '/srv/t', symbolic: false },
    ],
    [
      'a script',
      record({ type: exec, facts: 1 }, [
        [1, 'sh\0bin\0'],
        [7, 'srv\0'],
        [2, ''],
        [3, './run'],
        [6, 'sh\0./run\0'],
      ]),
      { kind: 'exec', exe: '/bin/sh', file: '/srv/run', args: ['sh', './run'], cwd: '/srv', origin: 'image' },
    ],
    [
      'loader hooks',
      record({ type: exec, a: 0x8000_0005n }, [
        [1, 'a\0'],
        [3, '/a'],
      ]),
      { exe: '/a', env: ['LD_PRELOAD', 'BASH_ENV', '…'] },
    ],
    [
      'IPv6',
      record({ type: connect, a: 1n, b: 443n }, [[8, '\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01']]),
      { transport: 'tcp', address: '2001:db8::1', port: 443 },
    ],
    [
      'a raw socket',
      record({ type: connect, a: 4n }, [[8, '\x0a\0\0\x01']]),
      { transport: 'udp', address: '10.0.0.1', via: 'raw' },
    ],
    [
      'an abstract socket',
      record({ type: connect, a: 3n }, [[9, '\0bus']]),
      { transport: 'unix', address: '@bus', port: 0 },
    ],
    [
      'a unix socket by name',
      record({ type: connect, a: 3n }, [
        [2, 'run\0'],
        [9, 's\0\0\0'],
      ]),
      { address: '/run/s' },
    ],
    [
      'unshare',
      record({ type: privilege, a: 4n, b: 0x1002_0000n, error: 1 }),
      { privilege: 'unshare', detail: 'mnt,user', error: 1 },
    ],
    [
      'a bind mount',
      record({ type: privilege, a: 5n, b: 4096n }, [
        [5, '/src'],
        [2, ''],
        [3, '/dst'],
      ]),
      { detail: 'bind /src on /dst' },
    ],
    [
      'a capability that was used',
      record({ type: privilege, a: 21n, b: 10n }),
      { privilege: 'capability', detail: 'CAP_NET_BIND_SERVICE' },
    ],
    [
      'one that was refused, newer than this build',
      record({ type: privilege, a: 21n, b: 63n, error: 1 }),
      { privilege: 'capability', detail: 'CAP_63', error: 1 },
    ],
    ['an end by signal', record({ type: exit, a: 9n }), { kind: 'exit', code: 0, signal: 9 }],
    ['an end by code', record({ type: exit, a: 0x300n }), { kind: 'exit', code: 3 }],
    ['an attach', record({ type: attach, a: 45n }, [[11, '/g']]), { kind: 'attach', to: 45, path: '/g' }],
    [
      'a gap',
      record({ type: gap, error: 9, a: 3n, b: 1000n, c: 2000n }),
      { kind: 'gap', lost: 3, since: 1, until: 2, reason: 'ring full: open' },
    ],
  ])('%s', (_, bytes, facts) => {
    const [event] = one(bytes);
    expect(event).toMatchObject({
      time: 5_000_000,
      process: { pid: 7, start: 1_234_567 },
      cgroup: 44,
      ...facts,
    });
    expect(parseEvent(JSON.parse(JSON.stringify(formatEvent(event!))))).toEqual(event);
  });

  it('a child born in another cgroup was moved there', () => {
    const events = one(record({ type: fork, a: 8n, b: 9_000n, c: 45n }));
    expect(events.map((e) => e.kind)).toEqual(['fork', 'attach']);
    expect(events[1]).toMatchObject({ process: { pid: 8, start: 9 }, to: 45 });
  });

  it('of an unknown type is counted and passed over', () => {
    const normaliser = createSensorNormaliser();
    expect(
      normaliser.push(Buffer.concat([record({ type: 999 }), record({ type: open }, [[1, 'b\0']])])),
    ).toHaveLength(1);
    expect(normaliser.counters()).toMatchObject({ 'sensor.records': 2, 'sensor.unknown': 1 });
  });

  it('hello tells what is covered: a kind whose hook is missing is not', () => {
    const hooks = ['sys_exit', 'sys_open', 'sys_map', 'sched_process_exec', 'inet_sock_set_state', 'sys_net'];
    const normaliser = createSensorNormaliser();
    expect(normaliser.coverage()).toEqual([]);
    normaliser.push(
      record({ type: hello, a: 1_000_000n }, [
        ...hooks.map((h) => [12, `\x01${h}`] as const),
        [12, '\0sys_dns'],
      ]),
    );
    expect(normaliser.coverage()).toEqual(['exec', 'load', 'open', 'connect', 'listen']);
    normaliser.push(record({ type: hello, a: 1_000_000n }, [[12, '\x01cap_capable']]));
    expect(normaliser.coverage()).toEqual(['capability']);
    expect(normaliser.push(record({ type: open }, [[1, 'b\0']]))[0]?.time).toBe(5_001_000);
  });

  it('that the watcher skips makes no event; of the others it gets the events, one record at a time', () => {
    const normaliser = createSensorNormaliser();
    const bytes = Buffer.concat([record({ type: open }, [[1, 'a\0']]), record({ type: open }, [[1, 'b\0']])]);
    const gave: unknown[] = [];
    let looks = 0;
    const events = normaliser.push(bytes, {
      skips: () => looks++ === 0,
      gave: ({ what, pid }, given) => {
        gave.push([what, pid, given.map((e) => e.kind === 'open' && e.path)]);
      },
    });
    expect([events, gave]).toEqual([[], [['act', 7, ['/b']]]]);
    expect(normaliser.counters()).toMatchObject({ 'sensor.records': 2, 'sensor.skipped': 1 });
  });
});

describe.each(['benign', 'attack', 'modules'])('the recording %s', (name) => {
  const folder = new URL(`../../../bpf-fixtures/sensor/${name}/`, import.meta.url);
  const raw = gunzipSync(readFileSync(new URL('raw.bin.gz', folder)));
  const lines = readFileSync(new URL('events.jsonl', folder), 'utf8').trimEnd().split('\n');

  it('gives the events that stand beside it', () => {
    const events = createSensorNormaliser().push(raw);
    expect(events.map((e) => JSON.stringify(formatEvent(e)))).toEqual(lines);
  });

  it('gives the same in pieces of any size', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(pieces, (sizes) => {
        const normaliser = createSensorNormaliser();
        let count = 0;
        for (let at = 0, i = 0; at < raw.length; i++) {
          const end = at + (sizes[i % sizes.length] ?? 1);
          count += normaliser.push(raw.subarray(at, end)).length;
          at = end;
        }
        expect(count).toBe(lines.length);
      }),
      { numRuns: 20 },
    );
  });

  it('flipped anywhere never throws', () => {
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bytes = Buffer.from(raw);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        createSensorNormaliser().push(bytes);
      }),
      { numRuns: 60 },
    );
  });
});

describe('bytes that are no records', () => {
  it('end in one gap, and nothing more comes of them', () => {
    const normaliser = createSensorNormaliser();
    expect(normaliser.push(Buffer.alloc(200))).toEqual([
      expect.objectContaining({ kind: 'gap', reason: 'stream of records broken' }),
    ]);
    expect(normaliser.push(record({ type: open }, [[1, 'a\0']]))).toEqual([]);
    expect(normaliser.counters()['sensor.malformed']).toBe(1);
  });

  it('never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 4000 }), (b) => void createSensorNormaliser().push(b)));
    const types = fc.constantFrom(...Object.values(recordType), 0, 77);
    fc.assert(
      fc.property(types, fc.uint8Array({ minLength: 80, maxLength: 400 }), (type, b) => {
        const bytes = Buffer.from(b);
        bytes.writeUInt32LE(bytes.length, recordHead.length);
        bytes.writeUInt16LE(type, recordHead.type);
        for (const event of createSensorNormaliser().push(bytes)) expect(event.kind).toBeTypeOf('string');
      }),
    );
  });
});
