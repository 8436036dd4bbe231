import { ByteNames } from './byte-names.ts';
import type { FalcoAlert } from './falco-alert.ts';
import { Wire } from './wire.ts';

/** `falco.outputs.response` (proto/falco/outputs.proto). */
export const falcoMessage = {
  time: 1,
  rule: 4,
  fields: 6,
  source: 9,
  seconds: 1,
  nanos: 2,
  key: 1,
  value: 2,
} as const;
const syscall = new ByteNames(['syscall']);

/** Reads one message of Falco's gRPC output no further than a look needs. */
export class FalcoMessage {
  readonly #message = new Wire();
  readonly #inner = new Wire();

  /** @returns false: it needs the full reader, or is no message */
  scan(bytes: Uint8Array, from: number, to: number, alert: FalcoAlert): boolean {
    alert.clear(bytes);
    const message = this.#message.place(bytes, from, to);
    while (message.next()) if (message.type === 2 && !this.#member(message, alert)) return false;
    return !message.broken && alert.time >= 0;
  }

  #member({ field, bytes, from, to }: Wire, alert: FalcoAlert): boolean {
    switch (field) {
      case falcoMessage.fields:
        return this.#entry(bytes, from, to, alert);
      case falcoMessage.time:
        return alert.time < 0 && this.#time(bytes, from, to, alert);
      case falcoMessage.source:
        alert.isCall = from === to || syscall.find(bytes, from, to) >= 0;
        return true;
      default:
        return true;
    }
  }

  #entry(bytes: Uint8Array, from: number, to: number, alert: FalcoAlert): boolean {
    const entry = this.#inner.place(bytes, from, to);
    let [nameFrom, nameTo, valueFrom, valueTo] = [0, 0, 0, 0];
    while (entry.next()) {
      if (entry.type !== 2) return false;
      if (entry.field === falcoMessage.key) [nameFrom, nameTo] = [entry.from, entry.to];
      else if (entry.field === falcoMessage.value) [valueFrom, valueTo] = [entry.from, entry.to];
    }
    return !entry.broken && alert.put(nameFrom, nameTo, valueFrom, valueTo);
  }

  #time(bytes: Uint8Array, from: number, to: number, alert: FalcoAlert): boolean {
    const time = this.#inner.place(bytes, from, to);
    let [seconds, nanos] = [0, 0];
    while (time.next()) {
      if (time.type !== 0) return false;
      if (time.field === falcoMessage.seconds) seconds = time.value;
      else if (time.field === falcoMessage.nanos) nanos = time.value;
    }
    if (time.broken || nanos >= 1e9 || seconds > 253_402_300_799) return false;
    alert.time = seconds * 1_000_000 + Math.floor(nanos / 1000);
    alert.nanos = nanos % 1000;
    return Number.isSafeInteger(alert.time);
  }
}
