import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { NodeView } from '../../agent/core/normalise/node-view.ts';

const folder = new URL('../../bpf-fixtures/falco/', import.meta.url);

/** One message of the gRPC output, decoded. */
export interface FalcoMessage {
  readonly time: { readonly seconds: string; readonly nanos: number };
  readonly rule: string;
  readonly source: string;
  readonly output_fields: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

export const falcoRecordings = [
  'falco-0.40.0-benign',
  'falco-0.43.1-benign',
  'falco-0.43.1-attack-first5',
] as const;
export type FalcoRecordingName = (typeof falcoRecordings)[number];

export function decoded(name: FalcoRecordingName): readonly FalcoMessage[] {
  return gunzipSync(readFileSync(new URL(`${name}.jsonl.gz`, folder)))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FalcoMessage);
}

/** The bytes of each message as they came over the wire. */
export function messages(name: FalcoRecordingName): readonly Uint8Array[] {
  const bytes = gunzipSync(readFileSync(new URL(`${name}.pb.gz`, folder)));
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    all.push(bytes.subarray(at, at + length));
    at += length;
  }
  return all;
}

/** As a gRPC stream frames them. */
export function framed(all: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    all.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
}

const numbers =
  /^(?:evt\.(?:num|rawres|rawtime)|proc\.(?:v?pid|ppid|p?pid\.ts|tty|sid|vpgid|exe_ino)|thread\.tid|user\.uid|group\.gid|fd\.(?:num|ino|[clrs]port))$/;

/** The same as Falco's own JSON output writes it: typed values, null for what is missing, nanoseconds as numbers. */
export function asJsonOutput({ time, ...alert }: FalcoMessage): string {
  const fields = Object.entries(alert.output_fields).map(([name, value]) => {
    const isTyped = (numbers.test(name) && /^-?\d+$/.test(value)) || value === 'true' || value === 'false';
    return `${JSON.stringify(name)}:${value === '<NA>' ? 'null' : isTyped ? value : JSON.stringify(value)}`;
  });
  const at = new Date(Number(time.seconds) * 1000).toISOString().slice(0, 19);
  const stamp = `${at}.${String(time.nanos).padStart(9, '0')}Z`;
  const members = { hostname: 'vm', priority: 'Notice', rule: alert.rule, source: alert.source };
  return `{${Object.entries(members)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',')},"output_fields":{${fields.join(',')}},"tags":["stream"],"time":"${stamp}"}`;
}

/** A node on which every container has a control group, and nothing else can be asked. Clocks count from the epoch. */
export function openNode(): NodeView {
  const places = new Map<string, number>();
  return {
    bootOffset: () => 0,
    startTicks: () => undefined,
    placeOf: (id) => {
      const short = id.slice(0, 12);
      const place = places.get(short) ?? 1_000 + places.size;
      places.set(short, place);
      const full = short.padEnd(64, '0');
      return {
        id: place,
        path: `/kubepods/besteffort/pod${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}/${full}`,
      };
    },
  };
}
