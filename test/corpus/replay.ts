import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Observed, observe } from '../../cli/observe.ts';
import { behaviourKinds, type Event } from '../../fingerprint/event.ts';
import { parseEvent } from '../../fingerprint/event-json.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import type { Subject } from '../../fingerprint/workload.ts';

const fixtures = new URL('../../bpf-fixtures/', import.meta.url).pathname;

/** Which folder of recordings: the corpus, or what the rules were not made on. */
type Shelf = 'corpus' | 'held-out';

/** One recording of the corpus: of a daemon, in an environment or of a scene of its own. */
export interface Recorded {
  readonly daemon: string;
  readonly name: string;
  readonly events: readonly Event[];
}

export function recorded(daemon: string, name: string, shelf: Shelf = 'corpus'): Recorded {
  const text = gunzipSync(readFileSync(`${fixtures}${shelf}/${daemon}/${name}.jsonl.gz`)).toString('utf8');
  const lines = text.trimEnd().split('\n');
  return { daemon, name, events: lines.map((line) => parseEvent(JSON.parse(line))) };
}

export function isRecorded(daemon: string, name: string): boolean {
  return existsSync(`${fixtures}corpus/${daemon}/${name}.jsonl.gz`);
}

function subjectOf(daemon: string): Subject {
  return { name: `registry.example/corpus/${daemon}`, digest: `sha256:${'c'.repeat(64)}` };
}

/** A baseline of these recordings, as `whorl learn` makes it. */
export function learned(...recordings: readonly Recorded[]): Baseline {
  const subject = subjectOf(recordings[0]?.daemon ?? '');
  const seen = recordings.map((recording) => watched(recording));
  return learn(
    subject,
    seen.flatMap((o) => o.novelties),
    {
      coverage: behaviourKinds,
      observation: {
        startedAt: '2026-01-01T00:00:00Z',
        finishedAt: '2026-01-01T01:00:00Z',
        source: 'sensor',
        events: seen.reduce((sum, o) => sum + o.events, 0),
        lost: seen.reduce((sum, o) => sum + o.lost, 0),
        instances: [],
      },
    },
  );
}

/** What is told of a recording while it is learned. */
export function watched(recording: Recorded): Observed {
  return play(recording);
}

/** What would have been told of a recording, had this baseline been in force. */
export function judgedBy(baseline: Baseline, recording: Recorded): Observed {
  return play(recording, baseline);
}

function play({ daemon, events }: Recorded, baseline?: Baseline): Observed {
  return observe(events, {
    subject: subjectOf(daemon),
    coverage: behaviourKinds,
    ...(baseline === undefined
      ? {}
      : {
          inForce: {
            index: indexBehaviour(baseline),
            approval: {
              fingerprint: `sha256:${'6'.repeat(64)}`,
              version: 1,
              signedBy: 'the vendor',
              maxMode: 'kill' as const,
            },
          },
        }),
  });
}
