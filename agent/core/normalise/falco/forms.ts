import type { FalcoAlert } from '../../hotpath/falco-alert.ts';
import { FalcoLine } from '../../hotpath/falco-line.ts';
import { FalcoMessage, falcoMessage } from '../../hotpath/falco-message.ts';
import { GrpcFrames } from '../../hotpath/grpc-frames.ts';
import { LineFrames } from '../../hotpath/line-frames.ts';
import { Wire } from '../../hotpath/wire.ts';
import { withExactStarts } from './exact-numbers.ts';
import { type FalcoRecord, readFalcoRecord } from './record.ts';

/** Alerts as lines of JSON, or as gRPC messages (up to 0.43). */
export type FalcoFormName = 'json' | 'grpc';

/** What the two forms differ in. */
export interface FalcoForm {
  readonly frames: {
    readonly refused: number;
    push(chunk: Uint8Array, each: (bytes: Uint8Array, from: number, to: number) => void): void;
    reset(): void;
  };
  /** At a look. */
  scan(bytes: Uint8Array, from: number, to: number, alert: FalcoAlert): boolean;
  /** In full. @throws FingerprintError or SyntaxError when it is no alert of Falco */
  read(bytes: Uint8Array, from: number, to: number): FalcoRecord;
}

export function falcoForm(name: FalcoFormName): FalcoForm {
  const look = name === 'json' ? new FalcoLine() : new FalcoMessage();
  return {
    frames: name === 'json' ? new LineFrames() : new GrpcFrames(),
    scan: (bytes, from, to, alert) => look.scan(bytes, from, to, alert),
    read: name === 'json' ? readLine : readMessage,
  };
}

function readLine(bytes: Uint8Array, from: number, to: number): FalcoRecord {
  const line = withExactStarts(bytes.subarray(from, to));
  return readFalcoRecord(JSON.parse(textOf(line, 0, line.length)));
}

function readMessage(bytes: Uint8Array, from: number, to: number): FalcoRecord {
  const message = new Wire().place(bytes, from, to);
  const fields: Record<string, string> = {};
  const alert: Record<string, unknown> = { output_fields: fields };
  while (message.next()) {
    if (message.type !== 2) continue;
    const { field, from: start, to: end } = message;
    if (field === falcoMessage.fields) readEntry(bytes, start, end, fields);
    else if (field === falcoMessage.time) alert.time = timeAt(bytes, start, end);
    else if (field === falcoMessage.rule) alert.rule = textOf(bytes, start, end);
    else if (field === falcoMessage.source) alert.source = textOf(bytes, start, end);
  }
  // A message that is cut lacks what would say so.
  return readFalcoRecord(message.broken ? undefined : alert);
}

function readEntry(bytes: Uint8Array, from: number, to: number, fields: Record<string, string>): void {
  const entry = new Wire().place(bytes, from, to);
  let [key, value] = ['', ''];
  while (entry.next()) {
    if (entry.type !== 2) continue;
    if (entry.field === falcoMessage.key) key = textOf(bytes, entry.from, entry.to);
    else if (entry.field === falcoMessage.value) value = textOf(bytes, entry.from, entry.to);
  }
  // `__proto__` is nobody's field.
  if (!entry.broken && key !== '__proto__') fields[key] = value;
}

function timeAt(bytes: Uint8Array, from: number, to: number): { seconds: number; nanos: number } {
  const wire = new Wire().place(bytes, from, to);
  const time = { seconds: 0, nanos: 0 };
  while (wire.next()) {
    if (wire.type !== 0) continue;
    if (wire.field === falcoMessage.seconds) time.seconds = wire.signed;
    else if (wire.field === falcoMessage.nanos) time.nanos = wire.signed;
  }
  return time;
}

/** What is not UTF-8 becomes the mark of that, as in every reader. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
