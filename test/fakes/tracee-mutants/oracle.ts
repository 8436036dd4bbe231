import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { TraceeDialect } from '../../../agent/core/normalise/tracee/dialect.ts';
import { traceeRows } from '../../../agent/core/normalise/tracee/tracee-fields.ts';

/** A message as protobufjs understands it. */
export interface Understood {
  /** As protobufjs writes it: each part once, in order. */
  readonly plain: Uint8Array;
  readonly hasEvent: boolean;
  /** Two members of a oneof, which protobufjs keeps both. */
  readonly isAmbiguous: boolean;
  /** What a key must tell apart: the event's name and its deciding arguments. */
  readonly deciding: string;
}

interface DecodedValue {
  readonly name: string;
  readonly [member: string]: unknown;
}
interface Decoded {
  readonly event?: { readonly name: string; readonly data: readonly DecodedValue[] } | null;
}

/** The messages of a stream as protobufjs has them, 64 bits and all. */
export function responseType(dialect: TraceeDialect): protobuf.Type {
  const root = new protobuf.Root();
  for (const file of ['common', dialect])
    protobuf.parse(readFileSync(`proto/tracee/${file}.proto`, 'utf8'), root, { keepCase: true });
  for (const name of ['google/protobuf/timestamp.proto', 'google/protobuf/wrappers.proto'])
    root.addJSON(protobuf.common.get(name)?.nested ?? {});
  root.resolveAll();
  return root.lookupType('tracee.v1beta1.StreamEventsResponse');
}

/** protobufjs with our own protos of one dialect; shares no code with the readers it judges. */
export class Oracle {
  readonly #type: protobuf.Type;
  readonly #members: ReadonlySet<string>;

  constructor(dialect: TraceeDialect) {
    this.#type = responseType(dialect);
    const value = this.#type.root.lookupType('tracee.v1beta1.EventValue');
    this.#members = new Set(value.oneofs.value?.oneof ?? []);
  }

  /** Undefined: it refuses the message. */
  understand(bytes: Uint8Array): Understood | undefined {
    let decoded: protobuf.Message;
    try {
      decoded = this.#type.decode(bytes);
    } catch {
      return undefined;
    }
    const event = (decoded as unknown as Decoded).event ?? undefined;
    const data = event?.data ?? [];
    return {
      plain: this.#type.encode(decoded).finish(),
      hasEvent: event !== undefined,
      isAmbiguous: data.some((value) => this.#membersOf(value).length > 1),
      deciding: event === undefined ? '' : this.#deciding(event.name, data),
    };
  }

  #membersOf(value: DecodedValue): string[] {
    return Object.keys(value).filter((key) => this.#members.has(key));
  }

  #deciding(name: string, data: readonly DecodedValue[]): string {
    const row = traceeRows.find((r) => r.name === name);
    if (row === undefined) return '';
    const decoder = new TextDecoder();
    const args = row.slots.map((slot) => {
      const value = data.find((v) => v.name === decoder.decode(slot.name));
      const [member] = value === undefined ? [] : this.#membersOf(value);
      return member === undefined ? null : [member, value?.[member]];
    });
    return JSON.stringify([name, args]);
  }
}
