import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createSensorNormaliser } from '../../agent/core/normalise/sensor.ts';
import { createTraceeNormaliser } from '../../agent/core/normalise/tracee/tracee.ts';
import type { Event } from '../../fingerprint/event.ts';
import { parseEvent } from '../../fingerprint/event-json.ts';
import { asTracee, bootOf, containerOf } from '../fakes/as-tracee.ts';
import { cutUp, type Played, playBothWays } from '../fakes/both-ways.ts';
import { fakeNodeView } from '../fakes/node-views.ts';
import { grpcFramed, traceeMessage } from '../fakes/tracee-messages.ts';

/** Falco's and Tetragon's recordings: agent/core/hotpath/{falco,tetragon}-raw.test.ts; random stories beside each reader. */

const fixtures = new URL('../../bpf-fixtures/', import.meta.url).pathname;
const recordings = ['corpus', 'attacks', 'held-out'].flatMap((folder) =>
  readdirSync(`${fixtures}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl.gz'))
    .map((file) => `${folder}/${file}`),
);

function eventsOf(file: string): Event[] {
  const text = gunzipSync(readFileSync(`${fixtures}${file}`)).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => parseEvent(JSON.parse(line)));
}

/** The node on which they were recorded: which container lives in which control group. */
function nodeOf(events: readonly Event[]) {
  const paths = new Map<number, string>();
  for (const e of events) {
    if (e.cgroup !== undefined && !paths.has(e.cgroup)) paths.set(e.cgroup, `/copies/${e.cgroup}`);
    if (e.kind === 'cgroup') paths.set(e.id, e.path);
    if (e.kind === 'attach' && e.path !== undefined) paths.set(e.to, e.path);
  }
  const places = new Map([...paths].map(([id, path]) => [containerOf(id), { id, path }]));
  return fakeNodeView({ places, bootOffset: bootOf });
}

describe('every recording is told and counted the same at a look and the long way', () => {
  it.each(['benign', 'attack', 'modules'])('of the sensor: %s', (name) => {
    const raw = gunzipSync(readFileSync(`${fixtures}sensor/${name}/raw.bin.gz`));
    // Three times over: what repeats is what is answered at a look.
    playBothWays(createSensorNormaliser, cutUp(Buffer.concat([raw, raw, raw])));
  });

  it('of the corpus and the attacks, told as Tracee would', { timeout: 240_000 }, () => {
    let answered = 0;
    for (const file of recordings) {
      const events = eventsOf(file);
      const story = events.flatMap((e): Played[] => {
        const told = asTracee(e);
        // What only time decides (that a copy has started up) is decided every moment, whichever way acts are told.
        return told === undefined ? [] : [{ tick: e.time }, ...cutUp(grpcFramed(traceeMessage(told)), 700)];
      });
      const view = nodeOf(events);
      const normaliser = () => createTraceeNormaliser(view);
      answered += playBothWays(normaliser, [{ type: 'connected', version: 'v0.24.1' }, ...story], true);
    }
    // Else the comparison would hold for want of anything answered.
    expect(answered).toBeGreaterThan(1_000);
  });
});

/** What Tracee cannot tell, or tells at another place. */
function comparable(e: Event): object {
  const {
    origin: _o,
    via: _v,
    env: _e,
    caller: _c,
    sha256: _s,
    parent: _p,
    container: _i,
    ...rest
  } = e as Event & Record<'origin' | 'via' | 'env' | 'caller' | 'sha256', unknown>;
  return 'access' in rest && rest.access === 'map' ? { ...rest, access: 'read' } : rest;
}

it('becomes the same events again, but for what Tracee cannot tell', { timeout: 120_000 }, () => {
  let compared = 0;
  for (const file of recordings) {
    const events = eventsOf(file).filter((e) => asTracee(e) !== undefined && e.error === undefined);
    const normaliser = createTraceeNormaliser(nodeOf(events));
    const told = events.flatMap((e) => normaliser.push(grpcFramed(traceeMessage(asTracee(e)!))));
    const again = told.filter((e) => e.kind !== 'cgroup').map(comparable);
    const before = events.map((e) => comparable({ ...e, ...(e.cgroup === undefined ? { cgroup: 1 } : {}) }));
    expect(again, file).toEqual(before);
    compared += again.length;
  }
  expect(compared).toBeGreaterThan(5_000);
});
