import type { StateLine as CollectorLine } from '../collector/state-line.ts';
import { duration } from '../fingerprint/figures.ts';
import { printable } from '../fingerprint/printable.ts';
import { shortId, workloadName } from './agent-line.ts';
import { besideText, blindness } from './status-text.ts';
import { styled, type Text } from './text.ts';

export type { CollectorLine };

/** A line a collector started by this process printed with `eventsJson`. */
export function parseCollectorLine(line: string): CollectorLine | undefined {
  try {
    // Both ends are this very package and the pipe is ours: the type is a fact. What is no JSON is dropped.
    return JSON.parse(line) as CollectorLine;
  } catch {
    return undefined;
  }
}

/** What a node is while an incident of its own is open. */
const nodeIncidentWords: Readonly<
  Record<Extract<CollectorLine, { readonly type: 'node-incident' }>['kind'], string>
> = {
  silent: 'silent',
  blind: 'blind',
  gap: 'losing records',
  'spool-dropped': 'out of spool',
  clock: 'in another time',
  flood: 'flooding',
  restored: 'newer than this restored collector',
  'rolled-back': 'newer than this collector',
};

/** One change of state in plain words; undefined for what the agent told already, a moment earlier. */
export function collectorLineText(line: CollectorLine): Text | undefined {
  switch (line.type) {
    case 'collector-ready':
      return [styled('green', 'collecting'), ` at ${line.address}`];
    case 'agent':
      return `agent of ${printable(line.node)} ${line.state}`;
    case 'agents-beside':
      return [
        styled('yellow', 'twice'),
        ` ${printable(line.node)} ${besideText(line.agents.map(({ source }) => printable(source)))}`,
      ];
    case 'workload':
      return `learning ${workloadName(line.workload)}`;
    case 'readiness':
      return readinessText(line);
    case 'provisional':
      return [
        styled('green', 'provisional'),
        ` ${workloadName(line.workload)}: alerts on what is new${line.phases.includes('start') ? '' : '; its start-up is still learned'}`,
      ];
    case 'review':
      return [
        styled('dim', shortId(line.incident)),
        ` ${line.act} by ${printable(line.author)}: ${printable(line.reason, 200)}`,
      ];
    case 'decision':
      return [styled('dim', shortId(line.incident)), ` ${line.sentence}`];
    case 'canary':
      return canaryText(line);
    case 'missing':
      return [
        styled('yellow', 'gap'),
        ` ${line.records} records of ${printable(line.node)} were lost before they were stored`,
      ];
    case 'node-incident':
      return line.state === 'closed'
        ? `${printable(line.node)} is no longer ${nodeIncidentWords[line.kind]}`
        : [
            styled('yellow', nodeIncidentWords[line.kind]),
            ` ${printable(line.node)}: ${printable(line.detail)}`,
          ];
    case 'clock':
      return [
        styled('yellow', 'clock'),
        ` of this machine was set ${Math.round(Math.abs(line.byMs) / 1000)} s ${line.byMs > 0 ? 'forward' : 'back; until it has caught up, time goes at half its pace here'}`,
      ];
    case 'fingerprint':
      return `${documentName(line)} handed out`;
    case 'policy':
      return `reactions now go up to ${line.mode}`;
    case 'store':
      return [
        styled(line.state === 'failing' ? 'red' : 'green', `database ${line.state}`),
        ` ${line.sentence}`,
      ];
    case 'audit-mismatch':
      return [styled('red', 'audit log'), ` ${printable(line.sentence, 500)}`];
    case 'audit-sink':
      return [
        styled(line.state === 'failing' ? 'red' : 'green', `audit sink ${line.state}`),
        ` ${printable(line.sink)}: ${printable(line.sentence)}`,
      ];
    case 'held-order':
      return heldText(line);
    case 'disarmed':
    case 'rearmed':
      return [styled('yellow', line.type), ` ${printable(line.sentence, 512)}`];
    case 'leases':
      return `agents may stop ${line.stops} times by themselves (${line.agents} of them)`;
    case 'incident':
    case 'order':
    case 'receipt':
    case 'gap':
    case 'stopped':
      return undefined;
  }
}

function heldText({ held }: Extract<CollectorLine, { type: 'held-order' }>): Text {
  const what = held.state === 'waiting' ? printable(held.sentence, 512) : `the held order is ${held.state}`;
  return [
    styled('yellow', held.state === 'waiting' ? 'asked' : held.state),
    ` ${shortId(held.incident)} ${what}`,
  ];
}

function documentName({ kind, subjects }: Extract<CollectorLine, { type: 'fingerprint' }>): string {
  const names = [...new Set(subjects.map((s) => s.name))];
  const [first] = names;
  const of =
    first === undefined
      ? ''
      : ` of ${printable(first)}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;
  return `${documentNames[kind]}${of}`;
}

const documentNames: Readonly<Record<Extract<CollectorLine, { type: 'fingerprint' }>['kind'], string>> = {
  base: 'fingerprint',
  overlay: 'overlay',
  approval: 'approval',
  'trust-policy': 'trust policy',
};

function canaryText({ node, state }: Extract<CollectorLine, { type: 'canary' }>): Text {
  return state === 'blind'
    ? [styled('red', 'blind'), ` ${printable(node)}: ${blindness}`]
    : [styled('green', 'sees again'), ` ${printable(node)}`];
}

function readinessText({
  workload,
  ready,
  reasons,
  inUs,
}: Extract<CollectorLine, { type: 'readiness' }>): Text {
  const name = workloadName(workload);
  if (ready) return [styled('green', 'learned'), ` ${name}: ${reasons.map((r) => r.sentence).join('; ')}`];
  const missing = reasons.filter((r) => !r.ok).map((r) => r.sentence);
  const when = inUs === undefined ? '' : `; ready in about ${duration(inUs)} if nothing new shows`;
  return `still learning ${name}: ${missing.join('; ')}${when}`;
}
