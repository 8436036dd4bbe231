import type { DnsAnswer } from '../../../fingerprint/event.ts';
import { addressOf, textOf } from './sensor-text.ts';

export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  readonly name: string;
  readonly type: string;
  readonly answers: readonly DnsAnswer[];
  /** The bytes ended before the message did: there may be more answers. */
  readonly cut: boolean;
}

const typeNames = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [35, 'NAPTR'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [255, 'ANY'],
]);

/** RFC 1035 bounds a name to 255 bytes, 127 labels; a chain of pointers longer than that is a loop. */
const maxLabels = 128;

class Cut extends Error {}

class Reader {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  u8(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Cut();
    return byte;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new Cut();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    const labels: string[] = [];
    let p = this as Reader;
    for (let n = 0; n < maxLabels; n++) {
      const length = p.u8();
      if (length === 0) return labels.join('.').toLowerCase();
      if (length < 0x40) labels.push(textOf(p.take(length)));
      else if (length >= 0xc0) p = new Reader(this.bytes, ((length & 0x3f) << 8) | p.u8());
      else throw new Cut();
    }
    throw new Cut();
  }
}

/** @returns undefined for what is not one DNS message about one name (multicast tricks, other protocols on port 53). */
export function parseDns(bytes: Uint8Array, tcp: boolean): DnsMessage | undefined {
  try {
    return readMessage(new Reader(bytes, tcp ? tcpStart(bytes) : 0));
  } catch (error) {
    if (error instanceof Cut) return undefined;
    throw error;
  }
}

/** Over TCP two bytes of length come first, read together with the message or before it. */
function tcpStart(bytes: Uint8Array): number {
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const rest = bytes.length - 2;
  return length === rest || (length > rest && rest >= 500) ? 2 : 0;
}

function readMessage(r: Reader): DnsMessage | undefined {
  const id = r.u16();
  const flags = r.u16();
  const questions = r.u16();
  const records = r.u16();
  r.u32();
  // Opcode 0 (query) with exactly one question: all that resolvers in use send and servers answer.
  if (questions !== 1 || (flags & 0x7800) !== 0) return undefined;
  const name = r.name();
  const type = nameOfType(r.u16());
  r.u16();
  const answers: DnsAnswer[] = [];
  const cut = readAnswers(r, records, answers);
  return { id, isAnswer: (flags & 0x8000) !== 0, name, type, answers, cut };
}

function nameOfType(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

function readAnswers(r: Reader, count: number, answers: DnsAnswer[]): boolean {
  try {
    for (let i = 0; i < count; i++) {
      const answer = readAnswer(r);
      if (answer !== undefined) answers.push(answer);
    }
    return false;
  } catch (error) {
    if (error instanceof Cut) return true;
    throw error;
  }
}

function readAnswer(r: Reader): DnsAnswer | undefined {
  const name = r.name();
  const type = r.u16();
  r.u16();
  const ttl = r.u32();
  const length = r.u16();
  const data = r.at;
  r.take(length);
  if (type === 1 && length === 4)
    return { name, type: 'A', data: addressOf(r.bytes.subarray(data, r.at)), ttl };
  if (type === 28 && length === 16)
    return { name, type: 'AAAA', data: addressOf(r.bytes.subarray(data, r.at)), ttl };
  if (type === 5) return { name, type: 'CNAME', data: new Reader(r.bytes, data).name(), ttl };
  return undefined;
}
