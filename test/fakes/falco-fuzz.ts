import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { at, FalcoAlert } from '../../agent/core/hotpath/falco-alert.ts';
import { FalcoLine } from '../../agent/core/hotpath/falco-line.ts';
import { FalcoMessage } from '../../agent/core/hotpath/falco-message.ts';
import { withExactStarts } from '../../agent/core/normalise/falco/exact-numbers.ts';
import type { FalcoField } from '../../agent/core/normalise/falco/fields.ts';
import { type FalcoRecord, readFalcoRecord, textOf } from '../../agent/core/normalise/falco/record.ts';
import { generator, mutant } from './falco-mutants.ts';
import { asJsonOutput, decoded, messages } from './falco-recordings.ts';

const response = protobuf
  .loadSync(new URL('../../proto/falco/outputs.proto', import.meta.url).pathname)
  .lookupType('falco.outputs.response');

/** Places of one alert of each system call and result. */
const kinds = new Map(
  decoded('falco-0.40.0-benign').map(({ output_fields: fields }, i) => [
    `${fields['evt.type']} ${fields['evt.res']}`,
    i,
  ]),
);
function originals<T>(all: readonly T[]): readonly T[] {
  return [...kinds.values()].flatMap((i) => all.slice(i, i + 1));
}

/** The full reader, by somebody else's parser; undefined where that refuses. */
type Oracle = (bytes: Uint8Array) => FalcoRecord | undefined;

const byJson: Oracle = (bytes) =>
  unlessRefused(() => readFalcoRecord(JSON.parse(Buffer.from(withExactStarts(bytes)).toString('utf8'))));
const byProtobuf: Oracle = (bytes) =>
  unlessRefused(() => {
    const { time, ...alert } = response.toObject(response.decode(bytes), { longs: String, defaults: true });
    return readFalcoRecord({ ...alert, time });
  });

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** @returns whether the look took it */
function compare(
  alert: FalcoAlert,
  taken: boolean,
  oracle: FalcoRecord | undefined,
  isStrict: boolean,
): boolean {
  if (!taken) return false;
  if (oracle === undefined) {
    // Of JSON it takes nothing that JSON.parse refuses.
    expect(isStrict).toBe(false);
    return true;
  }
  expect([alert.time, alert.isCall]).toEqual([oracle.time, oracle.source === 'syscall']);
  for (const [field, place] of Object.entries(at)) {
    const text = alert.has(place)
      ? Buffer.from(alert.bytes.subarray(alert.from(place), alert.to(place))).toString('utf8')
      : undefined;
    const told = textOf(oracle, field as FalcoField);
    // A number that no double holds: nobody compares those but the starts, which the full reader takes as texts.
    if (text === told || (text !== undefined && /^-?(?:\d{16,}|0)$/.test(text))) continue;
    expect([field, text?.replaceAll('\0', '\ufffd')]).toEqual([field, told]);
  }
  return true;
}

/** The same each time: what a look takes of damaged alerts must be what another parser finds there. */
export function fuzzFalco(rounds: number): void {
  describe(`${rounds} alerts of each form that somebody damaged`, { timeout: 1_200_000 }, () => {
    it.each<[string, readonly Uint8Array[], { scan: FalcoLine['scan'] }, Oracle, boolean]>([
      [
        'JSON lines, against JSON.parse',
        originals(decoded('falco-0.40.0-benign')).map((alert) => Buffer.from(asJsonOutput(alert))),
        new FalcoLine(),
        byJson,
        true,
      ],
      [
        'messages, against protobufjs',
        originals(messages('falco-0.40.0-benign')),
        new FalcoMessage(),
        byProtobuf,
        false,
      ],
    ])('%s: what a look takes is what is there', (_name, all, look, oracle, isStrict) => {
      const random = generator(20_26);
      const alert = new FalcoAlert();
      let taken = 0;
      for (let i = 0; i < rounds; i++) {
        const bytes = mutant(all[i % all.length] ?? new Uint8Array(), random);
        const isTaken = look.scan(bytes, 0, bytes.length, alert);
        if (compare(alert, isTaken, isTaken ? oracle(bytes) : undefined, isStrict)) taken += 1;
      }
      // Else the comparison would hold for want of anything to compare.
      expect(taken).toBeGreaterThan(rounds / 4);
    });
  });
}
