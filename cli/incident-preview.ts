import type { Command } from 'commander';
import { grantsFor } from '../fingerprint/drift-grants.ts';
import { printable } from '../fingerprint/printable.ts';
import { chosenDrifts } from './accepted-drifts.ts';
import { workloadName } from './agent-line.ts';
import type { Answer } from './answer.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { addedSentences } from './grant-words.ts';
import { examples } from './help.ts';
import { type IncidentDrifts, incidentDrifts, theCollector } from './incident-source.ts';
import { shownId } from './incident-text.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
}

/** `incidents preview`: what whorl accept would grant, before anybody signs it. */
export function registerPreview(incidents: Command, io: Io): void {
  const verb = whereOptions(
    incidents
      .command('preview')
      .description('what accepting it would grant, and what else would fall silent by it')
      .argument('<id>', 'an incident, by the beginning of its id')
      .option('--json', 'one JSON object'),
  ).action((id: string, _own: unknown, command: Command) =>
    preview(io, id, command.optsWithGlobals<Options>()),
  );
  examples(verb, [['whorl incidents preview 3f9a', 'before whorl accept … --incident 3f9a']]);
}

async function preview(io: Io, id: string, options: Options): Promise<void> {
  const collector = await theCollector(io, options, 'whorl login to a collector elsewhere');
  const found = await incidentDrifts(collector, id);
  const { granted, leftOut } = chosenDrifts(found.drifts, { only: [] });
  const sentences = addedSentences(grantsFor(granted));
  if (options.json === true) {
    const { drifts: _, silences, ...rest } = found;
    const silenced = silences.map((s) => ({
      id: s.text('id'),
      count: s.number('count'),
      left: s.number('left'),
    }));
    return io.out(JSON.stringify({ ...rest, grants: sentences, leftOut, silences: silenced }));
  }
  for (const line of previewText(found, sentences, leftOut)) io.out(line);
  io.err(`to do it: whorl accept FINGERPRINT --incident ${shownId(found.id)} --trust … --key … --push`);
}

function previewText(
  { id, version, workload, left, silences }: IncidentDrifts,
  grants: readonly string[],
  leftOut: readonly string[],
): readonly string[] {
  return [
    `accepting ${shownId(id)}, version ${version}, for ${workloadName(workload)}`,
    ...(grants.length === 0 ? ['  grants nothing'] : grants.map((g) => `  grants    ${g}`)),
    ...leftOut.map((sentence) => `  not       ${sentence}`),
    ...(left === 0 ? [] : [`  not       ${counted(left, 'drift')} more, which the incident only counts`]),
    ...silences.map((s) => `  silences  ${silencedText(s)}`),
    ...(silences.length === 0 ? ['  silences  no other open incident'] : []),
  ];
}

function silencedText(row: Answer): string {
  const left = row.number('left');
  const goesOn = left === 0 ? '' : `; ${counted(left, 'drift')} of it would go on`;
  const what = `${printable(row.text('severity'))} ×${row.number('count')}: ${printable(row.text('sentence'), 400)}`;
  return `${shownId(row.text('id'))} ${what}${goesOn}`;
}
