import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { PeerDirectory } from '../../../agent/core/address-book.ts';
import { readFalco } from '../../../cli/falco-recording.ts';
import { type Observed, observe } from '../../../cli/observe.ts';
import { coverageOf, type RecordingSource } from '../../../cli/recording.ts';
import type { Event } from '../../../fingerprint/event.ts';
import { parseEvent } from '../../../fingerprint/event-json.ts';
import type { Baseline } from '../../../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../../../fingerprint/index-behaviour.ts';
import { learn } from '../../../fingerprint/learn.ts';
import { fakeIo } from '../../fakes/io.ts';
import { apiHost } from './shop.ts';

export type Workload = 'web' | 'cache';
export type FalcoVersion = '0.40.0' | '0.43.1';

/** One workload as one source saw it. */
export interface Seen {
  readonly source: RecordingSource;
  readonly workload: Workload;
  readonly events: readonly Event[];
  readonly directory: PeerDirectory;
}

const fixtures = new URL('../../../bpf-fixtures/', import.meta.url).pathname;
const linesOf = (file: string): string => gunzipSync(readFileSync(`${fixtures}${file}`)).toString('utf8');

/** Containers are told apart by what they run: 0.43.1 tells neither their names nor their images. */
const entries: Readonly<Record<Workload | 'api', readonly string[]>> = {
  web: ['/bin/sh', '/docker-entrypoint.sh'],
  cache: ['redis-server'],
  api: ['python3', '/app/server.py'],
};

export async function falcoShop(version: FalcoVersion): Promise<(workload: Workload) => Seen> {
  const lines = linesOf(`falco/falco-${version}-benign.jsonl.gz`);
  const { events, directory } = await readFalco(fakeIo({ falco: lines }), ['falco']);
  const all = [...events];
  return (workload) => {
    const ids = idsOf(all, workload);
    // The host's side of it, the runtime's start, is everybody's.
    const own = all.filter((e) => e.container === undefined || ids.has(e.container.id));
    return { source: 'falco', workload, events: own, directory: withApi(directory) };
  };
}

function idsOf(events: readonly Event[], workload: Workload): ReadonlySet<string | undefined> {
  const entry = entries[workload];
  const first = events.filter((e) => e.kind === 'exec' && entry.every((arg, i) => e.args[i] === arg));
  return new Set(first.map((e) => e.container?.id));
}

/** Without metadata a container is called after its image or program; the agent would know both by their pod. */
function withApi(directory: PeerDirectory): PeerDirectory {
  const isApi = (name: string | undefined): boolean =>
    name === 'workload:shop/api' || name === 'workload:host/python3.11';
  return {
    epoch: directory.epoch,
    nameOf: (address) => {
      const name = directory.nameOf(address);
      return isApi(name) ? 'workload:shop/api' : name;
    },
  };
}

export function sensorShop(workload: Workload): Seen {
  const lines = linesOf(`cross-source/${workload}/sensor.jsonl.gz`).trimEnd().split('\n');
  const events = lines.map((line) => parseEvent(JSON.parse(line)));
  const nameOf = (address: string): string | undefined =>
    address === apiHost ? 'workload:shop/api' : undefined;
  return { source: 'sensor', workload, events, directory: { epoch: 0, nameOf } };
}

const subjectOf = (workload: Workload): Baseline['subject'] => ({
  name: `registry.example/shop/${workload}`,
  digest: `sha256:${'5'.repeat(64)}`,
});

export function learnedFrom(seen: Seen): Baseline {
  const { workload, events, source, directory } = seen;
  const [subject, coverage] = [subjectOf(workload), coverageOf(source)];
  const { novelties } = observe(events, { subject, coverage, directory });
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:01:00Z',
    source,
    events: events.length,
    lost: 0,
    instances: [],
  };
  return learn(subject, novelties, { coverage, observation });
}

export function judgedBy(baseline: Baseline, { workload, events, source, directory }: Seen): Observed {
  const approval = {
    fingerprint: `sha256:${'6'.repeat(64)}`,
    version: 1,
    signedBy: 'the site',
    maxMode: 'kill',
  } as const;
  const inForce = { index: indexBehaviour(baseline), approval };
  return observe(events, { subject: subjectOf(workload), coverage: coverageOf(source), directory, inForce });
}
