import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../../../../fingerprint/event-json.ts';
import {
  asJsonOutput,
  decoded,
  type FalcoRecordingName,
  falcoRecordings,
  framed,
  messages,
} from '../../../../test/fakes/falco-recordings.ts';
import type { NodeView } from '../node-view.ts';
import { createFalcoNormaliser } from './normaliser.ts';
import { FalcoNormaliser, readFalcoRecord } from './recording.ts';

const tickUs = 10_000;

/** Containers keep the names that Falco gave them; of processes it can be asked when they started, as of /proc. */
function nodeThatKnows(events: readonly Event[]): NodeView {
  const refs = events.flatMap(({ process, parent }) => [process, ...(parent === undefined ? [] : [parent])]);
  const starts = new Map(refs.map(({ pid, start }) => [pid, start]));
  return {
    bootOffset: () => 0,
    startTicks: (pid) => {
      const start = starts.get(pid);
      return start === undefined ? undefined : Math.floor(start / tickUs);
    },
    placeOf: () => undefined,
  };
}

function live(name: FalcoRecordingName, form: 'json' | 'grpc', view: NodeView): readonly Event[] {
  const normaliser = createFalcoNormaliser({ view, form, now: () => 1_800_000_000_000_000 });
  const bytes =
    form === 'grpc'
      ? framed(messages(name))
      : Buffer.from(
          decoded(name)
            .map((alert) => `${asJsonOutput(alert)}\n`)
            .join(''),
        );
  const events: Event[] = [...normaliser.note({ type: 'connected', version: '' })];
  // Cut anywhere.
  for (let at = 0; at < bytes.length; at += 9_973)
    events.push(...normaliser.push(bytes.subarray(at, at + 9_973)));
  expect(normaliser.counters()).toMatchObject({
    'falco.malformed': 0,
    'falco.unread': 0,
    'falco.refused': 0,
    'falco.twice': 0,
    'falco.records': decoded(name).length,
  });
  return events;
}

function afterwards(name: FalcoRecordingName): readonly Event[] {
  const records = decoded(name).map(readFalcoRecord);
  const normaliser = new FalcoNormaliser();
  for (const record of records) normaliser.ahead(record);
  normaliser.settle();
  return records.flatMap((record) => normaliser.push(record));
}

/** What both can know: of a container its name alone, of a process its start as /proc has it. */
function told({ container, ...event }: Event): string {
  const line = formatEvent({ ...event, ...(container && { container: { id: container.id.slice(0, 12) } }) });
  return JSON.stringify(line, (key, value: unknown) =>
    key === 'start' ? Math.floor(Number(value) / tickUs) : value,
  );
}

describe('Falco as it happens', { timeout: 60_000 }, () => {
  it.each(falcoRecordings)('tells %s alike in both forms, and every event is one', (name) => {
    const node = nodeThatKnows(afterwards(name));
    const json = live(name, 'json', node);
    expect(json).toEqual(live(name, 'grpc', node));
    for (const event of json) expect(parseEvent(formatEvent(event))).toEqual(event);
  });

  it.each<[FalcoRecordingName, number]>([
    ['falco-0.40.0-benign', 0],
    ['falco-0.43.1-benign', 0],
    // A child was told of before its parent, which ran already: what it ran, only later alerts say.
    ['falco-0.43.1-attack-first5', 1],
  ])('tells %s as if all of it were known beforehand, but for %i events', (name, beforehand) => {
    const then = afterwards(name);
    const now = live(name, 'grpc', nodeThatKnows(then)).map(told).slice(1);
    const here = new Set(now);
    const lacking = then.slice(1).filter((event) => !here.has(told(event)));
    expect(lacking.every((event) => event.found === true)).toBe(true);
    expect(lacking).toHaveLength(beforehand);
    const left = new Set(lacking);
    expect(now).toEqual(
      then
        .slice(1)
        .filter((event) => !left.has(event))
        .map(told),
    );
  });
});
