import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hooks } from '../../agent/core/normalise/tetragon/hooks.ts';
import {
  createTetragonNormaliser,
  readTetragonJson,
  tetragonCoverage,
} from '../../agent/core/normalise/tetragon/tetragon.ts';
import { recordingOf } from '../../cli/recording.ts';
import { readTetragon } from '../../cli/tetragon-recording.ts';
import type { Event } from '../../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../../fingerprint/event-json.ts';
import { fakeIo } from '../fakes/io.ts';
import { fakeNodeView } from '../fakes/node-views.ts';
import { encodeResponse, framed } from '../fakes/tetragon-messages.ts';

const folder = new URL('../../bpf-fixtures/tetragon/', import.meta.url);
const cases = readdirSync(folder).filter((name) => name !== 'README.md');
const textOf = (name: string): string => readFileSync(new URL(`${name}/export.jsonl`, folder), 'utf8');
const linesOf = (name: string): object[] =>
  textOf(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

const text = (events: Iterable<Event>): string =>
  [...events].map((event) => `${JSON.stringify(formatEvent(event))}\n`).join('');

describe.each(cases)('what Tetragon exported: %s', (name) => {
  it('becomes these events, in whatever files and order it stands', async () => {
    const whole = await readTetragon(fakeIo({ 'a.jsonl': textOf(name) }), ['a.jsonl']);
    const told = text(whole.events);
    await expect(told).toMatchFileSnapshot(new URL(`${name}/events.jsonl`, folder).pathname);
    for (const line of told.trimEnd().split('\n'))
      expect(formatEvent(parseEvent(JSON.parse(line)))).toEqual(JSON.parse(line));
    const lines = textOf(name).trimEnd().split('\n').reverse();
    const [first, rest] = [lines.slice(0, 3), lines.slice(2)];
    const parts = { 'x.jsonl': `${first.join('\n')}\n`, 'y.jsonl': `${rest.join('\n')}\n` };
    const again = await readTetragon(fakeIo(parts), Object.keys(parts));
    expect(text(again.events)).toBe(told);
  });

  it('means the same on the wire', () => {
    const read = () => createTetragonNormaliser(fakeNodeView(), { policies: () => undefined });
    const [asJson, onWire, inPieces] = [read(), read(), read()];
    const json = linesOf(name).flatMap((line) => asJson.take(readTetragonJson(line)));
    const bytes = framed(...linesOf(name).map(encodeResponse));
    expect(onWire.push(bytes)).toEqual(json);
    expect(onWire.counters()).toEqual(asJson.counters());
    const pieces: Event[] = [];
    for (let at = 0; at < bytes.length; at += 7) pieces.push(...inPieces.push(bytes.subarray(at, at + 7)));
    expect(pieces).toEqual(json);
  });
});

it('has an event of each hook', () => {
  const told = new Set(
    linesOf('hooks').map((line) => {
      const { process_kprobe: kprobe, process_lsm: lsm } = readTetragonJson(line);
      const act = kprobe ?? lsm;
      return `${act?.policy_name} ${act?.function_name?.replace('__x64_', '')}`;
    }),
  );
  expect(hooks.map(({ policy, call }) => `${policy} ${call}`).filter((hook) => !told.has(hook))).toEqual([]);
});

it('knows what a recording shows by the policies it holds anything of', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  const of = async (name: string) =>
    recordingOf(await readTetragon(fakeIo({ 'a.jsonl': textOf(name) }), ['a.jsonl']), {
      source: 'tetragon',
      digest,
    });
  expect((await of('hooks')).coverage).toEqual(tetragonCoverage);
  expect((await of('executions')).coverage).toEqual(['exec']);
  expect((await of('executions')).otherImages).toBeGreaterThan(0);
});

describe('a line that is no event of Tetragon', () => {
  it.each([
    ['[1]', 'a.jsonl:1', ''],
    ['{"process_exec":{"process":{"pid":"x"}}}', 'a.jsonl:1', 'process_exec.process.pid'],
    ['{"process_exec":{"process":{"pid":-1}}}', 'a.jsonl:1', 'process_exec.process.pid'],
    ['{"time":"yesterday"}', 'a.jsonl:1', 'time'],
    ['{"process_kprobe":{"args":[{"int_arg":"1.5"}]}}', 'a.jsonl:1', 'process_kprobe.args[0].int_arg'],
    ['{"process_exec":', 'a.jsonl:1', ''],
  ])('%s is refused with place and field', async (line, place, field) => {
    const error: unknown = await readTetragon(fakeIo({ 'a.jsonl': `${line}\n` }), ['a.jsonl']).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(String(error)).toContain(place);
    expect(String(error)).toContain(field);
  });
});
