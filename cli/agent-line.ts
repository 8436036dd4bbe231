import type { StateLine as AgentLine } from '../agent/state-line.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { counted } from './known-file.ts';
import { styled, type Text } from './text.ts';

export type { AgentLine };

/** One decision may be about a thousand images. */
const maxItemsTold = 5;

/** A line an agent started by this process printed with `eventsJson`. */
export function parseAgentLine(line: string): AgentLine | undefined {
  try {
    // Both ends are this very package and the pipe is ours: the type is a fact. What is no JSON is dropped.
    return JSON.parse(line) as AgentLine;
  } catch {
    return undefined;
  }
}

/** One change of state in plain words; undefined for what changes too often, or what the collector tells better. */
export function agentLineText(line: AgentLine): Text | undefined {
  switch (line.type) {
    case 'agent-ready':
      return [styled('green', 'watching'), ` through ${line.source}: ${line.coverage.join(', ')}`];
    case 'source':
      return sourceText(line);
    case 'instance':
      return instanceText(line);
    case 'instance-unknown':
      return `not watched: ${printable(line.instance)}, ${printable(line.reason)}`;
    case 'fingerprint-in-force':
      return inForceText(line);
    case 'overlay-in-force':
    case 'overlay-ended':
      return overlayText(line);
    case 'approval-in-force':
    case 'approval-ended':
      return approvalText(line);
    case 'fingerprint-refused':
      return [
        styled('yellow', 'refused'),
        ` fingerprint ${printable(line.name)}: ${printable(line.message)} (${line.code})`,
      ];
    case 'workload-untrusted':
      return [
        styled('yellow', 'untrusted'),
        ` ${workloadName(line.workload)}: what was signed for it is refused (${line.code}), so it is neither judged nor learned; whorl status says what to do`,
      ];
    case 'policy-in-force':
      return `trust policy version ${line.version} of ${line.issuedAt} is in force, ${line.source === 'file' ? 'from the local file' : 'as pushed'}`;
    case 'policy-refused':
      return [
        styled('yellow', 'refused'),
        ` trust policy ${printable(line.name)}: ${printable(line.message)} (${line.code})`,
      ];
    case 'incident':
      return line.isNew ? incidentText(line.incident) : undefined;
    case 'order-refused':
      return [styled('yellow', 'refused'), ` an order: ${printable(line.message)} (${line.code})`];
    case 'lease-refused':
      return [styled('yellow', 'refused'), ` a kill lease: ${printable(line.message)} (${line.code})`];
    case 'receipt':
      return [styled('dim', shortId(line.receipt.incident)), ' ', styled('bold', receiptText(line.receipt))];
    case 'holds-adopted':
      return `taken over from the last run: ${line.holds.map((h) => `${h.action} of ${h.pids.length} processes`).join(', ')}`;
    case 'gap':
      return [
        styled('yellow', 'gap'),
        ` ${line.lost === 0 ? 'an unknown number of' : line.lost} events were not seen: ${printable(line.reason)}`,
      ];
    case 'canary':
      return canaryText(line);
    case 'kubernetes':
    case 'disarm-labels':
      return kubernetesText(line);
    case 'disarm-in-force':
      return [styled('red', 'DISARMED'), ` nothing new is stopped: ${printable(line.detail, 600)}`];
    case 'disarm-ended':
      return [styled('green', 'armed'), ` no longer ${printable(line.detail, 600)}`];
    case 'collector':
      return [
        styled('yellow', line.state === 'restored' ? 'restored' : 'rolled back'),
        line.state === 'restored'
          ? `: the collector was restored from a backup or is another one; ${line.lost} reports it acknowledged after it are not there, and what runs here is told anew`
          : `: the collector lacks ${line.lost} reports that it acknowledged, and was not restored by whorl; look at its disk`,
      ];
    case 'uplink':
    case 'novelty-count':
    case 'stopped':
      return undefined;
  }
}

/** Blindness is the collector's to say: it tells it of every node, with what to do. */
function canaryText({ state, reason }: Extract<AgentLine, { type: 'canary' }>): Text | undefined {
  if (state !== 'impossible') return undefined;
  return [styled('yellow', 'untested'), ` whether this node sees anything: ${printable(reason ?? '')}`];
}

function kubernetesText(line: Extract<AgentLine, { type: 'kubernetes' | 'disarm-labels' }>): Text {
  const isOfPods = line.type === 'kubernetes';
  const what = isOfPods ? 'whose containers are' : 'which namespaces are disarmed';
  if (line.state === 'reached' || line.state === 'seen')
    return [styled('green', 'asking'), ` the Kubernetes API ${what}`];
  const meanwhile = isOfPods ? '' : '; what was known holds until its end';
  return [styled('yellow', 'not told'), ` ${what}: ${printable(line.reason ?? '', 500)}${meanwhile}`];
}

function incidentText({ id, severity, sentence }: Incident): Text {
  return [styled('dim', shortId(id)), styled('red', ' incident'), ` (${severity}) ${sentence}`];
}

/** Enough of an incident's id to find it with `whorl incidents`. */
export function shortId(incident: string): string {
  return incident.slice(0, 8);
}

function inForceText(line: Extract<AgentLine, { type: 'fingerprint-in-force' }>): Text {
  const who = `${printable(line.subject.name)}: version ${line.version} signed by ${printable(line.signedBy)}`;
  const inert = line.inert === 0 ? '' : `, ${counted(line.inert, 'entry', 'entries')} inert until approved`;
  const but = line.warnings.length === 0 ? '' : ` (${line.warnings.join(', ')})`;
  return [styled('green', 'in force'), ` ${who}, up to ${line.maxMode}${inert}${but}`];
}

function overlayText(line: Extract<AgentLine, { type: 'overlay-in-force' | 'overlay-ended' }>): Text {
  const bound = [...line.sites, ...line.volumes].map((name) => printable(name)).join(', ');
  const says = [
    ...(bound === '' ? [] : [`binds ${bound}`]),
    ...(line.adds === 0 ? [] : [`adds ${counted(line.adds, 'entry', 'entries')}`]),
    ...(line.removes === 0 ? [] : [`takes away ${counted(line.removes, 'entry', 'entries')}`]),
  ];
  const does = says.length === 0 ? 'adds nothing any more' : says.join(', ');
  const what = `${printable(line.subject.name)}: ${does}, version ${line.version} signed by ${printable(line.signedBy)}`;
  return line.type === 'overlay-in-force'
    ? [styled('green', 'added'), ` to ${what}`]
    : [styled('yellow', 'ended'), ` ${what}: its time has run out; sign again`];
}

function approvalText(line: Extract<AgentLine, { type: 'approval-in-force' | 'approval-ended' }>): Text {
  const items = line.items.map(({ subject, mode }) => `${printable(subject.name)} up to ${mode}`);
  const what = items.length === 0 ? 'nothing any more' : items.slice(0, maxItemsTold).join(', ');
  const more = items.length > maxItemsTold ? ` and ${items.length - maxItemsTold} more` : '';
  const by = `by ${printable(line.signedBy)}: ${printable(line.reason, 200)}`;
  if (line.type === 'approval-ended')
    return [styled('yellow', 'no longer approved'), ` ${what}${more}, ${by}; its time has run out`];
  const until = line.expiresAt === undefined ? '' : ` until ${line.expiresAt}`;
  return [styled('green', 'approved'), ` ${what}${more}${until} ${by}`];
}

function sourceText({ name, state, version, reason }: Extract<AgentLine, { type: 'source' }>): Text {
  const source = printable(`${name}${version === '' ? '' : ` ${version}`}`);
  return state === 'away'
    ? [styled('red', 'not watched'), `: ${source} delivers nothing: ${printable(reason ?? '')}`]
    : [styled('green', 'watching'), ` again through ${source}; what happened meanwhile is unknown`];
}

function instanceText(line: Extract<AgentLine, { type: 'instance' }>): Text {
  const what = `${workloadName(line.workload)}, copy ${printable(line.instance.id, 60)}`;
  switch (line.state) {
    case 'started':
      return `started: ${what}`;
    case 'found':
      return `found running: ${what}; its start was not seen`;
    case 'exited':
      return `ended: ${what}`;
  }
}

export function workloadName(workload: Workload): string {
  const { namespace, owner, container } = workload;
  const short = container === 'main' ? owner : `${owner}/${container}`;
  return printable(namespace === 'host' ? short : `${namespace}/${short}`);
}

/** What was done, to whom, and how long it took from the act in the kernel. */
export function receiptText(receipt: Receipt): string {
  const { result, action, stopped, eventToStoppedUs, detail } = receipt;
  if (result !== 'done')
    return `not stopped (${result})${detail === undefined ? '' : `: ${printable(detail)}`}`;
  const pids = stopped.length === 0 ? '' : ` pid ${stopped.join(', ')}`;
  const took =
    eventToStoppedUs === undefined ? '' : `, ${(eventToStoppedUs / 1000).toFixed(1)} ms after the act`;
  return `${doneWords(action)}${pids}${took}`;
}

function doneWords(action: Receipt['action']): string {
  switch (action) {
    case 'hold':
      return 'held';
    case 'freeze':
      return 'frozen';
    case 'kill-subtree':
    case 'kill':
      return 'killed';
    case 'resume':
      return 'let go';
    case 'quarantine':
      return 'cut off from the network';
    case 'release':
      return 'let back to the network';
    case undefined:
      return 'done';
  }
}
