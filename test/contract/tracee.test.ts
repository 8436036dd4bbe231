import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { traceeDialects } from '../../agent/core/normalise/tracee/dialect.ts';
import { readRecorded, withExactTimes } from '../../agent/core/normalise/tracee/recorded.ts';
import { createTraceeNormaliser, traceeCoverage } from '../../agent/core/normalise/tracee/tracee.ts';
import { traceeRows } from '../../agent/core/normalise/tracee/tracee-fields.ts';
import { readTracee } from '../../cli/tracee-recording.ts';
import type { Event } from '../../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../../fingerprint/event-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { cutUp, playBothWays } from '../fakes/both-ways.ts';
import { fakeIo } from '../fakes/io.ts';
import { fakeNodeView } from '../fakes/node-views.ts';
import { grpcFramed } from '../fakes/tracee-messages.ts';
import { responseType } from '../fakes/tracee-mutants/oracle.ts';

const folder = (name: string): string =>
  new URL(`../../bpf-fixtures/tracee/${name}/`, import.meta.url).pathname;
const cases = ['docs', 'forms'];
const releases = { 'v0.20': 'v0.20.0', 'v0.21': 'v0.22.4', 'v0.22.5': 'v0.24.1', main: 'main' } as const;

const recorded = (name: string): Uint8Array[] =>
  readFileSync(`${folder(name)}recorded.jsonl`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => readRecorded(parseJson(withExactTimes(Buffer.from(line)))).message);

const lines = (events: readonly Event[]): string =>
  events.map((event) => `${JSON.stringify(formatEvent(event))}\n`).join('');

/** The same facts in another dialect, by way of protobufjs: what is written by name there is read by number here. */
function inDialect(messages: readonly Uint8Array[], dialect: keyof typeof releases): Uint8Array[] {
  const [from, to] = [responseType('main'), responseType(dialect)];
  const isOld = dialect === 'v0.20' || dialect === 'v0.21';
  return messages.map((bytes) => {
    const { event } = from.toObject(from.decode(bytes), { longs: String });
    const told = isOld ? { ...event, context: event.workload } : event;
    return to.encode(to.fromObject({ event: told })).finish();
  });
}

describe.each(cases)('the recording %s', (name) => {
  it('becomes these events', async () => {
    const file = readFileSync(`${folder(name)}recorded.jsonl`);
    const { events } = await readTracee(fakeIo({ recorded: file }), ['recorded']);
    const text = lines([...events]);
    for (const line of text.trimEnd().split('\n')) parseEvent(JSON.parse(line));
    await expect(text).toMatchFileSnapshot(`${folder(name)}events.jsonl`);
  });

  it.each(traceeDialects)('says the same as messages of the dialect %s', (dialect) => {
    const play = (messages: readonly Uint8Array[], version: string): Event[] => {
      const normaliser = createTraceeNormaliser(fakeNodeView());
      normaliser.note({ type: 'connected', version });
      return normaliser.push(grpcFramed(...messages));
    };
    const messages = recorded(name);
    const expected = play(messages, releases.main);
    expect(expected.length).toBeGreaterThan(0);
    expect(play(inDialect(messages, dialect), releases[dialect])).toEqual(expected);
  });

  it('is told alike at a look and the long way', () => {
    const bytes = grpcFramed(...recorded(name), ...recorded(name), ...recorded(name));
    playBothWays(() => createTraceeNormaliser(fakeNodeView()), cutUp(bytes, 1_021));
  });
});

it('has rows whose arguments fit the slots, and names each argument once', () => {
  for (const { name, slots } of traceeRows) {
    expect(slots.length, name).toBeLessThanOrEqual(8);
    expect(new Set(slots.map((slot) => Buffer.from(slot.name).toString())).size, name).toBe(slots.length);
  }
});

describe('what a recording covers', () => {
  const read = async (name: string) =>
    await readTracee(fakeIo({ recorded: readFileSync(`${folder(name)}recorded.jsonl`) }), ['recorded']);

  it('is all that our policy asks for, where it was asked for', async () => {
    expect((await read('forms')).coverage).toEqual(traceeCoverage);
  });

  it('is what shows, where another policy asked', async () => {
    expect((await read('docs')).coverage).toEqual(['exec', 'open', 'resolve']);
  });
});

describe('a recording that cannot be read', () => {
  it.each([
    ['{}', 'file:1 at name: is missing: this is no event of Tracee'],
    ['{"name":"x"}', 'file:1 at timestamp: is missing'],
    ['{"name":"x","timestamp":"yesterday"}', 'file:1 at timestamp: is not a time Tracee writes'],
    ['{"eventName":"x","timestamp":1,"args":{}}', 'file:1 at args: must be a list'],
    [
      '{"eventName":"x","timestamp":1,"hostProcessId":1.5}',
      'file:1 at hostProcessId: must be a whole number',
    ],
    ['{"name":"x","timestamp":1,"workload":{"process":7}}', 'file:1 at workload.process: must be an object'],
    ['{"name":"x","timestamp":1,"data":[{"name":5}]}', 'file:1 at data[0].name: must be a text'],
    ['{"name"', 'file:1'],
    ['{"name":"vfs_read","timestamp":1}', '1 of 1 events say nothing Whorl reads'],
  ])('%s', async (text, sentence) => {
    await expect(readTracee(fakeIo({ file: text }), ['file'])).rejects.toThrow(sentence);
  });

  it('says how many events it left out', async () => {
    const io = fakeIo({ recorded: readFileSync(`${folder('docs')}recorded.jsonl`) });
    await readTracee(io, ['recorded']);
    expect(io.stderr.join('')).toContain('of 144 events say nothing Whorl reads and were left out');
  });
});
