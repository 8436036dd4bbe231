import { attackCatalogue, type Technique } from '../fingerprint/attack-row.ts';
import type { BehaviourKind } from '../fingerprint/event.ts';
import { behaviourKinds } from '../fingerprint/event.ts';
import { Fields } from '../fingerprint/fields.ts';
import { printable } from '../fingerprint/printable.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { type DriftReason, driftReasons } from '../fingerprint/verdict.ts';
import { about } from './exit.ts';
import { driftMeanings, kindMeanings } from './glossary.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import { styled } from './text.ts';

/** More than an incident ever carries (fingerprint/incident.ts, maxDrifts). */
const maxDriftsRead = 256;

interface ExplainedDrift {
  readonly kind: BehaviourKind;
  readonly program: string;
  readonly subject: string;
  readonly because?: DriftReason;
  readonly origin?: string;
  readonly nearest?: string;
  readonly count: number;
}

interface Explained {
  readonly severity: string;
  readonly sentence: string;
  readonly drifts: readonly ExplainedDrift[];
  /** Of ATT&CK: whoever wrote the line had what they follow from. */
  readonly techniques: readonly Technique[];
}

/** Explains the incident in a file: a line of `judge`, `backtest` or `incidents`, with or without reasons. */
export async function explainFile(
  io: Io,
  path: string,
  options: { readonly maxBytes: number; readonly json: boolean },
): Promise<void> {
  const bytes = await io.readFile(path, { maxBytes: options.maxBytes });
  const incident = about(fileName(path), () => readIncident(parseJson(bytes, { bytes: options.maxBytes })));
  if (options.json)
    return io.out(
      JSON.stringify({ ...incident, drifts: incident.drifts.map((d) => ({ ...d, means: meaning(d) })) }),
    );
  io.out([styled('bold', incident.severity), ` ${incident.sentence}`]);
  for (const drift of incident.drifts) {
    io.out('');
    io.out(
      `${drift.kind} by ${drift.program}: ${drift.subject}${drift.count > 1 ? ` (${drift.count} times)` : ''}`,
    );
    io.out(`  ${meaning(drift)}`);
    if (drift.origin !== undefined) io.out(`  the bytes came from: ${drift.origin}`);
    if (drift.nearest !== undefined) io.out(`  the nearest that was approved: ${drift.nearest}`);
  }
  printTechniques(io, incident.techniques);
}

function printTechniques(io: Io, techniques: readonly Technique[]): void {
  if (techniques.length === 0) return;
  const { name: catalogue, version } = attackCatalogue;
  io.out('');
  io.out(`What it shows of ${catalogue} ${version}:`);
  for (const { id, name, tactic } of techniques) io.out(`  ${id} ${name} (${tactic})`);
}

function meaning({ because, kind }: ExplainedDrift): string {
  if (because === undefined) return kindMeanings[kind];
  const [means, remedy] = driftMeanings[because];
  return remedy === undefined ? `${means} (${because})` : `${means} (${because}); ${remedy}`;
}

/** Not strict about members it does not show: `incidents` and `judge` write different ones. */
function readIncident(value: unknown): Explained {
  const outer = new Fields(value, '', 'SCHEMA');
  const fields = outer.has('incident') ? outer.object('incident') : outer;
  const drifts = fields.list('drifts', maxDriftsRead);
  return {
    severity: printable(fields.text('severity')),
    sentence: printable(longText(fields, 'sentence'), 4096),
    drifts: drifts.map((drift, i) => readDrift(new Fields(drift, `${fields.at('drifts')}[${i}]`, 'SCHEMA'))),
    techniques: outer.has('techniques') ? readTechniques(outer) : [],
  };
}

function readTechniques(fields: Fields): readonly Technique[] {
  return fields.list('techniques', maxDriftsRead).map((value, i) => {
    const technique = new Fields(value, `${fields.at('techniques')}[${i}]`, 'SCHEMA');
    const text = (name: string) => printable(technique.text(name), 100);
    return { id: text('id'), name: text('name'), tactic: text('tactic') };
  });
}

function readDrift(fields: Fields): ExplainedDrift {
  return {
    kind: fields.oneOf('kind', behaviourKinds),
    program: printable(fields.has('program') ? longText(fields, 'program') : lineage(fields)),
    subject: printable(longText(fields, 'subject'), 1024),
    ...(fields.has('because') ? { because: fields.oneOf('because', driftReasons) } : {}),
    ...(fields.has('origin') ? { origin: printable(fields.text('origin')) } : {}),
    ...(fields.has('nearest') ? { nearest: printable(longText(fields, 'nearest')) } : {}),
    count: fields.has('count') ? fields.integer('count', 1) : 1,
  };
}

function lineage(fields: Fields): string {
  const exes = fields.list('lineage', maxDriftsRead);
  return exes.map(String).join(' → ');
}

/** Sentences and paths may be longer than a name; `printable` cuts and cleans what is shown. */
function longText(fields: Fields, name: string): string {
  const value = fields.raw(name);
  return typeof value === 'string' ? value : fields.fail(name, 'must be a text');
}
