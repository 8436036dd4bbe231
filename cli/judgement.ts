import type { InForce } from '../agent/core/watched.ts';
import { techniquesOfIncident } from '../fingerprint/attack-techniques.ts';
import type { Scope } from '../fingerprint/fingerprint.ts';
import type { Incident } from '../fingerprint/incident.ts';
import { formatTime } from '../fingerprint/time.ts';
import { isForeign, type UnjudgedReason, unjudgedReasons } from '../fingerprint/verdict.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { type Observed, observe } from './observe.ts';
import { directoryOf, parseSource, type Recording, readRecording } from './recording.ts';
import { styled } from './text.ts';

export interface JudgeOptions {
  readonly source: string;
  readonly json?: boolean;
  /** Say which incidents the mode `kill` would stop: in sentences always, in JSON when asked for. */
  readonly stops?: boolean;
}

/** Judges recorded events and prints what `judge` and `backtest` print: one line per incident, then the summary. */
export async function judgeRecording(
  io: Io,
  files: readonly string[],
  { subject, scope }: { readonly subject: Subject; readonly scope?: Scope },
  inForce: InForce,
  options: JudgeOptions,
): Promise<void> {
  const recording = await readRecording(io, files, {
    source: parseSource(options.source),
    digest: subject.digest,
    ...(scope === undefined ? {} : { scope }),
  });
  const coverage = [...inForce.index.coverage];
  const observed = observe(recording.events(), { subject, coverage, inForce, ...directoryOf(recording) });
  const summary = summarise(observed, recording);
  if (options.json === true) {
    for (const incident of observed.incidents) io.out(JSON.stringify(lineOf(incident, options)));
    io.out(JSON.stringify(summary));
  } else {
    for (const incident of observed.incidents) tellIncident(io, incident, options);
    io.out(`${sentenceOf(summary)}${stopsSentence(observed.incidents, options)}`);
  }
  if (observed.incidents.length > 0) io.exit(exitCodes.drift);
  else if (observed.lost > 0 || isBlind(summary)) io.exit(exitCodes.incomplete);
}

function lineOf(incident: Incident, { stops }: JudgeOptions): object {
  const line = incidentLine(incident);
  return stops === true ? { ...line, stops: mayBeStopped(incident) } : line;
}

function tellIncident(io: Io, incident: Incident, { stops }: JudgeOptions): void {
  const mark = stops === undefined ? '' : mayBeStopped(incident) ? 'stop   ' : 'alert  ';
  io.out([styled('bold', incident.severity.padEnd(8)), ` ${mark}${incident.sentence}`]);
}

function stopsSentence(incidents: readonly Incident[], { stops }: JudgeOptions): string {
  if (stops === undefined || incidents.length === 0) return '';
  const count = incidents.filter(mayBeStopped).length;
  return `; with the mode kill approved, ${count === 0 ? 'none of them would be' : `${count} would be`} stopped`;
}

/** Code and programs that nobody approved may be killed; what a person who entered does is left alone (DESIGN §8). */
function mayBeStopped({ drifts }: Incident): boolean {
  return drifts.some((d) => isForeign(d.because) && d.root !== 'interactive');
}

/** The line of DESIGN §10. Members and their order are a contract with scripts. */
export function incidentLine(incident: Incident): object {
  const { severity, kinds, sentence, workload, drifts } = incident;
  return {
    type: 'incident',
    severity,
    kinds,
    sentence,
    first: formatTime(incident.first),
    last: formatTime(incident.last),
    workload,
    drifts: drifts.map((d) => ({
      kind: d.kind,
      program: d.lineage.at(-1) ?? '',
      subject: d.subject,
      ...(d.origin === undefined ? {} : { origin: d.origin }),
      first: formatTime(d.first),
      count: d.count,
    })),
    techniques: techniquesOfIncident(incident),
  };
}

interface Summary {
  readonly type: 'summary';
  readonly events: number;
  readonly judged: number;
  readonly otherImages: number;
  /** Only when there are any. */
  readonly otherOwners?: number;
  readonly unjudged: Readonly<Partial<Record<UnjudgedReason, number>>>;
  readonly lost: number;
  readonly drifts: number;
  readonly incidents: number;
}

function summarise(
  { events, lost, counters, incidents }: Observed,
  { otherImages, otherOwners }: Recording,
): Summary {
  const unjudged: Partial<Record<UnjudgedReason, number>> = {};
  for (const reason of unjudgedReasons) {
    // A process that acts and was never seen to start is older than the recording.
    const unknown = reason === 'started-before-agent' ? counters.get('unjudged.program-unknown') : 0;
    const count = counters.get(`unjudged.${reason}`) + unknown;
    if (count > 0) unjudged[reason] = count;
  }
  const drifts = incidents.reduce((sum, incident) => sum + incident.drifts.length + incident.more, 0);
  const open = ['no-fingerprint', 'source-cannot-see', 'events-lost', 'started-before-agent'] as const;
  const judged = counters.get('behaviours') - open.reduce((sum, r) => sum + counters.get(`unjudged.${r}`), 0);
  return {
    type: 'summary',
    events,
    judged,
    otherImages,
    ...(otherOwners === 0 ? {} : { otherOwners }),
    unjudged,
    lost,
    drifts,
    incidents: incidents.length,
  };
}

/** Something happened and nothing of it could be judged: to call that fine would be a wrong comfort. */
function isBlind({ judged, events }: Summary): boolean {
  return judged === 0 && events > 0;
}

function sentenceOf(s: Summary): string {
  const drift = `${counted(s.drifts, 'drift')} in ${counted(s.incidents, 'incident')}`;
  const quiet = s.judged === 0 ? 'nothing was judged' : 'no drift';
  const found = s.incidents === 0 ? quiet : drift;
  const open = Object.entries(s.unjudged).map(([reason, count]) => `${count} unjudged (${reason})`);
  const left = s.otherImages === 0 ? [] : [`${s.otherImages} of other images left out`];
  const others = s.otherOwners === undefined ? [] : [`${s.otherOwners} of other owners left out`];
  const lost = s.lost === 0 ? [] : [`${s.lost} lost`];
  return [
    `${found}: ${counted(s.judged, 'behaviour')} of ${counted(s.events, 'event')} judged`,
    ...open,
    ...left,
    ...others,
    ...lost,
  ].join(', ');
}
