import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { generator, mutant } from '../../../test/fakes/falco-mutants.ts';
import { fakeNodeView } from '../../../test/fakes/node-views.ts';
import { Rig } from '../../../test/fakes/short-cut-rig.ts';
import { encodeResponse, framed, tetragonProto } from '../../../test/fakes/tetragon-messages.ts';
import { containerId, TetragonStage } from '../../../test/fakes/tetragon-stage.ts';
import { textOf } from '../normalise/sensor-text.ts';
import { microsOf, readWire } from '../normalise/tetragon/from-wire.ts';
import { type Field, messages } from '../normalise/tetragon/messages.ts';
import { createTetragonNormaliser } from '../normalise/tetragon/tetragon.ts';

/** A fixed part of it always, a million in the long run. */
const rounds = process.env.WHORL_TEST_LONG === '1' ? 1_000_000 : 20_000;

/** Protobuf as somebody else reads it, of the same table; texts as bytes, because what is not UTF-8 each reads its own way. */
const scalars: Readonly<Record<string, string>> = { text: 'bytes', throttle: 'int32' };
const wrappers: Readonly<Record<string, string>> = { uint32Value: 'uint32', int32Value: 'int32' };

function oracleRoot(): protobuf.Root {
  const root = new protobuf.Root();
  root.add(
    new protobuf.Type('Time')
      .add(new protobuf.Field('seconds', 1, 'int64'))
      .add(new protobuf.Field('nanos', 2, 'int32')),
  );
  for (const [name, type] of Object.entries(wrappers))
    root.add(new protobuf.Type(name).add(new protobuf.Field('value', 1, type)));
  for (const [name, fields] of Object.entries(messages)) {
    const type = new protobuf.Type(name);
    for (const [member, { number, type: of, repeated }] of Object.entries(fields))
      type.add(
        new protobuf.Field(
          member,
          number,
          of === 'time' ? 'Time' : (scalars[of] ?? of),
          repeated ? 'repeated' : undefined,
        ),
      );
    root.add(type);
  }
  root.resolveAll();
  return root;
}

const responseType = oracleRoot().lookupType('GetEventsResponse');

type Values = Readonly<Record<string, unknown>>;

/** What the oracle read, in our form. */
function asOurs(name: string, values: Values): Values {
  const fields = messages[name] ?? {};
  return Object.fromEntries(
    Object.entries(values).map(([member, value]) => {
      const field = fields[member];
      if (field === undefined) throw new Error(`${name} has no ${member}`);
      return [
        member,
        Array.isArray(value) ? value.map((each) => oneAsOurs(field, each)) : oneAsOurs(field, value),
      ];
    }),
  );
}

function oneAsOurs({ type }: Field, value: unknown): unknown {
  switch (type) {
    case 'text':
      return textOf(value as Uint8Array);
    case 'throttle':
      return ['unknown', 'start', 'stop'][value as number] ?? 'unknown';
    case 'time': {
      const { seconds = 0, nanos = 0 } = value as { seconds?: number; nanos?: number };
      return microsOf(seconds, nanos);
    }
    case 'uint32Value':
    case 'int32Value':
      return (value as { value?: number }).value ?? 0;
    default:
      return typeof value === 'object' ? asOurs(type, value as Values) : value;
  }
}

const folder = new URL('../../../bpf-fixtures/tetragon/', import.meta.url);
const originals = ['hooks', 'life-cycle', 'documented'].flatMap((name) =>
  readFileSync(new URL(`${name}/export.jsonl`, folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => encodeResponse(JSON.parse(line) as object)),
);

function byOracle(bytes: Uint8Array): Values | undefined {
  try {
    return responseType.toObject(responseType.decode(bytes), { longs: Number, arrays: false }) as Values;
  } catch {
    return undefined;
  }
}

describe('a mutated message', () => {
  it(`is read as protobufjs reads it, or not at all (${rounds})`, () => {
    const random = generator(20_260_502);
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      const bytes = mutant(originals[i % originals.length] as Uint8Array, random);
      const read = readWire('GetEventsResponse', bytes, 0, bytes.length);
      if (read === undefined) continue;
      taken += 1;
      const oracle = byOracle(bytes);
      expect(oracle, Buffer.from(bytes).toString('hex')).toBeDefined();
      expect(read, Buffer.from(bytes).toString('hex')).toEqual(asOurs('GetEventsResponse', oracle ?? {}));
    }
    expect(taken).toBeGreaterThan(rounds / 5);
  }, 3_600_000);

  it('ends nothing and grows nothing, in a stream of them', () => {
    const random = generator(7);
    const normaliser = createTetragonNormaliser(fakeNodeView(), { policies: () => undefined });
    for (let i = 0; i < rounds / 4; i++) {
      const bytes = framed(mutant(originals[i % originals.length] as Uint8Array, random));
      const cut = Math.floor(random() * bytes.length);
      normaliser.push(bytes.subarray(0, cut));
      normaliser.push(bytes.subarray(cut));
    }
    expect(normaliser.counters()['tetragon.records']).toBe(rounds / 4);
  }, 3_600_000);

  it('is answered at a glance as the long way answers', () => {
    const random = generator(99);
    const stage = new TetragonStage();
    const steps = ['open', 'load', 'unlink', 'connect', 'datagram', 'accept'] as const;
    const view = fakeNodeView({ places: new Map([[containerId, { id: 77, path: `/pods/${containerId}` }]]) });
    const [short, long] = [true, false].map(
      (withShortCut) =>
        new Rig(
          withShortCut,
          createTetragonNormaliser(view, { policies: () => ['whorl-files', 'whorl-code'] }),
        ),
    ) as [Rig, Rig];
    for (let i = 0; i < rounds / 100; i++) {
      stage.play({
        do: steps[Math.floor(random() * steps.length)] ?? 'open',
        who: 0,
        file: Math.floor(random() * 5),
      });
      for (const message of messagesIn(stage.take())) {
        const mutated = random() < 0.5 ? message : mutant(message, random);
        const read = readWire('GetEventsResponse', mutated, 0, mutated.length);
        // What is no message is told apart only by who reads all of it. And what time it is, the agent looks at by itself,
        // ten times a second: here nobody does, so nobody may be told that a minute has passed.
        if (
          read === undefined ||
          read.time !== readWire('GetEventsResponse', message, 0, message.length)?.time
        )
          continue;
        for (const rig of [short, long]) rig.read(framed(mutated));
      }
    }
    const [a, b] = [short.finish(), long.finish()];
    expect(a.told).toEqual(b.told);
    expect(a.counters).toEqual(b.counters);
    expect(a.answered).toBeGreaterThan(50);
  }, 3_600_000);
});

function messagesIn(stream: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    found.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return found;
}

it('has the numbers and types of our .proto', () => {
  const root = new protobuf.Root();
  for (const file of ['tetragon', 'events', 'sensors'])
    protobuf.parse(
      readFileSync(new URL(`../../../proto/tetragon/${file}.proto`, import.meta.url), 'utf8'),
      root,
      {
        keepCase: true,
      },
    );
  expect(tetragonProto).toBeDefined();
  const types: Readonly<Record<string, string>> = {
    text: 'string',
    time: 'google.protobuf.Timestamp',
    uint32Value: 'google.protobuf.UInt32Value',
    int32Value: 'google.protobuf.Int32Value',
    throttle: 'ThrottleType',
  };
  const differences = Object.entries(messages).flatMap(([name, fields]) => {
    if (name === 'Passed') return [];
    const type = root.lookupType(`tetragon.${name}`);
    return Object.entries(fields).flatMap(([member, { number, type: of, repeated }]) => {
      const field = type.fields[member];
      // Two messages of one shape: a path of a file, and of a directory.
      const expected = member === 'file_arg' ? 'KprobeFile' : (types[of] ?? of);
      const isSame =
        field?.id === number && field.repeated === repeated && (of === 'Passed' || field.type === expected);
      return isSame ? [] : [`${name}.${member}`];
    });
  });
  expect(differences).toEqual([]);
});
