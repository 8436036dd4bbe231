import type { Behaviour } from './behaviour.ts';
import { sha256Hex } from './digest.ts';
import type { Origin } from './event.ts';
import { subjectKey } from './identity.ts';
import type { Workload } from './workload.ts';

/** The normalised subject of a behaviour as a person reads it; not yet made safe for a terminal. */
export function subjectText(b: Behaviour): string {
  switch (b.kind) {
    case 'exec':
      return b.args.join(' ');
    case 'load':
    case 'open':
    case 'delete':
      return b.path;
    case 'link':
      return `${b.path} → ${b.target}`;
    case 'rename':
      return `${b.path} → ${b.to}`;
    case 'connect':
      return b.transport === 'unix' ? b.peer : `${bracketed(b.peer)}:${portText(b.port)}`;
    case 'listen':
      return `${b.transport}:${portText(b.port)}`;
    case 'resolve':
      return b.name;
    case 'privilege':
      return b.detail === undefined ? b.privilege : `${b.privilege} ${b.detail}`;
  }
}

function bracketed(peer: string): string {
  return /^[\da-f.]*:[\da-f:.]*$/i.test(peer) ? `[${peer}]` : peer;
}

export function portText(port: number): string {
  return port < 0 ? '{port}' : String(port);
}

/**
 * Names one drift for ever, on whatever node, pod or day it happens again (DESIGN §2.5): the same file of the same
 * lineage in the same workload is the same drift. For exec the bytes count: another file under the same name is another.
 */
export function driftKey(
  workload: Workload,
  b: Behaviour,
  about: { readonly origin?: Origin; readonly sha256?: string },
): string {
  const { cluster, namespace, owner, container, role, subject } = workload;
  // A list of texts has one JSON form, also for names that are no well-formed text; the last part is empty but for exec.
  const bytes = JSON.stringify([
    [cluster, namespace, owner, container, role, subject.digest],
    [b.root, ...b.lineage],
    subjectKey(b).split('\0'),
    about.origin ?? '',
    b.kind === 'exec' ? (about.sha256 ?? '') : '',
  ]);
  return sha256Hex(new TextEncoder().encode(bytes));
}
