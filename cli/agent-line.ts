import type { StateLine as AgentLine } from '../agent/state-line.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { styled, type Text } from './text.ts';

export type { AgentLine };

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
    case 'instance':
      return instanceText(line);
    case 'instance-unknown':
      return `not watched: ${printable(line.instance)}, ${printable(line.reason)}`;
    case 'fingerprint-in-force':
      return inForceText(line);
    case 'overlay-in-force':
    case 'overlay-ended':
      return overlayText(line);
    case 'fingerprint-refused':
      return [
        styled('yellow', 'refused'),
        ` fingerprint ${printable(line.name)}: ${printable(line.message)} (${line.code})`,
      ];
    case 'incident':
      return line.isNew ? incidentText(line.incident) : undefined;
    case 'order-refused':
      return [styled('yellow', 'refused'), ` an order: ${printable(line.message)} (${line.code})`];
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

function incidentText({ id, severity, sentence }: Incident): Text {
  return [styled('dim', shortId(id)), styled('red', ' incident'), ` (${severity}) ${sentence}`];
}

/** Enough of an incident's id to find it with `whorl incidents`. */
export function shortId(incident: string): string {
  return incident.slice(0, 8);
}

function inForceText(line: Extract<AgentLine, { type: 'fingerprint-in-force' }>): Text {
  const who = `${printable(line.subject.name)}: version ${line.version} signed by ${printable(line.signedBy)}`;
  const but = line.warnings.length === 0 ? '' : ` (${line.warnings.join(', ')})`;
  return [styled('green', 'in force'), ` ${who}, up to ${line.maxMode}${but}`];
}

function overlayText(line: Extract<AgentLine, { type: 'overlay-in-force' | 'overlay-ended' }>): Text {
  const bound = [...line.sites, ...line.volumes].map((name) => printable(name)).join(', ');
  const what = `${printable(line.subject.name)}: ${bound}, version ${line.version} signed by ${printable(line.signedBy)}`;
  return line.type === 'overlay-in-force'
    ? [styled('green', 'bound'), ` ${what}`]
    : [styled('yellow', 'no longer bound'), ` ${what}: its time has run out; bind again`];
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
    case undefined:
      return 'done';
  }
}
