import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { AgentLine } from '../agent-line.ts';
import { CliError, exitCodes } from '../exit.ts';
import { type Outcome, stopMs } from './ending.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

interface Watching {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
}

/** The first thing that is said of the attack, what was done about it, and at last everything that was seen of it. */
export async function watchOutcome(
  { stage, narrator, signal }: Watching,
  instance: string,
  from: number,
): Promise<Required<Outcome>> {
  const isIt = (line: AgentLine) =>
    line.type === 'incident' && line.incident.instance.id === instance ? line : undefined;
  const { incident: first } = await stage.agentLines.wait('an incident', isIt, { from, signal });
  narrator.loud(first.sentence);
  const answer = (line: AgentLine) =>
    line.type === 'receipt' && line.receipt.incident === first.id ? line.receipt : undefined;
  const receipt = await stage.agentLines.wait('a reaction', answer, { from, signal });
  if (receipt.result !== 'done')
    throw new CliError(
      exitCodes.incomplete,
      `the reaction failed: ${receipt.result} ${receipt.detail ?? ''}`,
    );
  await sleep(300, undefined, { signal });
  const last = stage.agentLines
    .since(from)
    .findLast((line) => line.type === 'incident' && line.incident.id === first.id);
  const incident = last?.type === 'incident' ? last.incident : first;
  describe(narrator, incident, receipt);
  return { incident, receipt };
}

function describe(narrator: Narrator, incident: Incident, receipt: Receipt): void {
  narrator.say(lineageText(incident));
  narrator.say(evidenceText(incident));
  const { approval } = incident;
  if (approval !== undefined)
    narrator.say(`approved: version ${approval.version} by ${approval.signedBy}, up to ${approval.maxMode}`);
  const seen = (receipt.eventToVerdictUs ?? 0) / 1000;
  const stopped = stopMs(receipt);
  const what = receipt.action === 'hold' || receipt.action === 'freeze' ? 'held' : 'killed';
  narrator.good(
    `detected ${seen.toFixed(1)} ms after the act, ${what} ${stopped.toFixed(1)} ms after that: pid ${receipt.stopped.join(', ')}`,
  );
}

/** The deepest lineage of the incident: how the attack came to be where it is. */
export function lineageText({ drifts, culprit, kinds }: Incident): string {
  const longest = drifts.reduce<readonly string[]>(
    (best, d) => (d.lineage.length > best.length ? d.lineage : best),
    [],
  );
  return `lineage:  ${longest.map((exe) => printable(exe)).join(' → ')} (pid ${culprit.pid}), ${kinds.join(', ')}`;
}

/** What else it did before it was stopped; kinds that the sentence cannot hold, one of each first. */
function evidenceText({ drifts, more }: Incident): string {
  // A socket file is how programs ask for names; what goes to an address comes first.
  const others = drifts
    .slice(1)
    .toSorted((a, b) => Number(a.subject.startsWith('/')) - Number(b.subject.startsWith('/')));
  const shown = others.filter((d, i) => others.findIndex((e) => e.kind === d.kind) === i).slice(0, 4);
  const rest = others.length - shown.length + more;
  const acts = shown.map((d) => `${d.kind} ${printable(d.subject, 80)}`);
  return `evidence: ${[...acts, ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ') || 'nothing more'}`;
}
