import { toAddress } from '../../../../fingerprint/address.ts';
import { addressFamily, addressField, type TraceeRaw } from '../../hotpath/tracee-raw.ts';
import { Wire } from '../../hotpath/wire.ts';
import { textOf } from '../sensor-text.ts';
import { slotOf, type TraceeEventName, valueField } from './tracee-fields.ts';

/** Arguments of one event as values; each undefined when it did not come, is nil, or came in another form. */
export class TraceeValues<N extends TraceeEventName> {
  readonly #raw: TraceeRaw;
  readonly #name: N;

  constructor(raw: TraceeRaw, name: N) {
    this.#raw = raw;
    this.#name = name;
  }

  text(arg: ArgumentOf<N>): string | undefined {
    const { arguments: args, bytes } = this.#raw;
    const slot = slotOf(this.#name, arg);
    if (args.field(slot) !== valueField.text) return undefined;
    return textOf(bytes.subarray(args.first(slot), args.second(slot)));
  }

  /** Of 64 bits exact up to 2^53, beyond it the nearest. */
  number(arg: ArgumentOf<N>): number | undefined {
    return this.#numberIn(slotOf(this.#name, arg));
  }

  #numberIn(slot: number): number | undefined {
    const { arguments: args } = this.#raw;
    const [low, high] = [args.first(slot), args.second(slot)];
    switch (args.field(slot)) {
      case valueField.int32:
        return low;
      case valueField.uint32:
        return low >>> 0;
      case valueField.yes:
        return low === 0 && high === 0 ? 0 : 1;
      case valueField.int64:
        return high * 2 ** 32 + (low >>> 0);
      case valueField.uint64:
        return (high >>> 0) * 2 ** 32 + (low >>> 0);
      default:
        return undefined;
    }
  }

  /** What a system call returned. */
  returned(): number | undefined {
    const row = this.#raw.row;
    return row?.call === true ? this.#numberIn(row.slots.length - 1) : undefined;
  }

  /** A time in ns as whole µs, without the rounding of one big double. */
  micros(arg: ArgumentOf<N>): number | undefined {
    const { arguments: args } = this.#raw;
    const slot = slotOf(this.#name, arg);
    const field = args.field(slot);
    if (field !== valueField.uint64 && field !== valueField.int64) return undefined;
    const high = args.second(slot) >>> 0;
    // 2^32 ns = 4 294 967 µs and 296 ns.
    return high * 4_294_967 + Math.floor((high * 296 + (args.first(slot) >>> 0)) / 1000);
  }

  /** The number, or the names of its bits as `decoded-data` writes them. */
  flags(arg: ArgumentOf<N>): number | readonly string[] | undefined {
    return this.number(arg) ?? this.text(arg)?.split(/\s*\|\s*/);
  }

  texts(arg: ArgumentOf<N>): string[] | undefined {
    const wire = this.message(arg, valueField.texts);
    if (wire === undefined) return undefined;
    const texts: string[] = [];
    while (wire.next())
      if (wire.field === 1 && wire.type === 2) texts.push(textOf(wire.bytes.subarray(wire.from, wire.to)));
    return wire.broken ? undefined : texts;
  }

  address(arg: ArgumentOf<N>): SocketAddress | undefined {
    const wire = this.message(arg, valueField.address);
    if (wire === undefined) return undefined;
    let family = 0;
    const texts = { [addressField.path]: '', [addressField.ipv4]: '', [addressField.ipv6]: '' };
    const ports = { [addressField.port4]: 0, [addressField.port6]: 0 };
    while (wire.next()) {
      const { field } = wire;
      if (wire.type === 0 && field === addressField.family) family = wire.low;
      else if (wire.type === 0 && field in ports) ports[field as keyof typeof ports] = wire.low & 0xffff;
      else if (wire.type === 2 && field in texts)
        texts[field as keyof typeof texts] = textOf(wire.bytes.subarray(wire.from, wire.to));
    }
    if (wire.broken) return undefined;
    switch (family) {
      case addressFamily.unix:
        return unixAddress(texts[addressField.path]);
      case addressFamily.ipv4:
        return inet(texts[addressField.ipv4], ports[addressField.port4]);
      case addressFamily.ipv6:
        return inet(texts[addressField.ipv6], ports[addressField.port6]);
      default:
        return undefined;
    }
  }

  /** The message that the argument is, if it came in this field. */
  message(arg: ArgumentOf<N>, field: number): Wire | undefined {
    const { arguments: args, bytes } = this.#raw;
    const slot = slotOf(this.#name, arg);
    return args.field(slot) === field
      ? new Wire().place(bytes, args.first(slot), args.second(slot))
      : undefined;
  }
}

export type ArgumentOf<N extends TraceeEventName> = Parameters<typeof slotOf<N>>[1];

export interface SocketAddress {
  readonly family: 'unix' | 'internet';
  readonly address: string;
  readonly port: number;
}

function inet(address: string, port: number): SocketAddress | undefined {
  return address === '' ? undefined : { family: 'internet', address: toAddress(address), port };
}

/**
 * An abstract name begins with NUL, which some releases leave out: what is no path is taken for one. A relative path
 * would be taken for it too; services do not use those.
 */
function unixAddress(told: string): SocketAddress | undefined {
  if (told === '') return undefined;
  const name = told.replace(/^(?:\\x00|@)/, '');
  return { family: 'unix', address: told.startsWith('/') ? told : `@${name}`, port: 0 };
}
