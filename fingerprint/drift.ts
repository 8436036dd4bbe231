import type { Behaviour } from './behaviour.ts';
import { canonicalBytes } from './canonical.ts';
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
  return peer.includes(':') ? `[${peer}]` : peer;
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
  const parts = {
    workload: [cluster, namespace, owner, container, role, subject.digest],
    root: b.root,
    lineage: b.lineage,
    kind: b.kind,
    subject: subjectKey(b).replaceAll('\0', '\n'),
    ...(about.origin === undefined ? {} : { origin: about.origin }),
    ...(b.kind === 'exec' && about.sha256 !== undefined ? { sha256: about.sha256 } : {}),
  };
  return sha256Hex(canonicalBytes(wellFormed(parts)));
}

/** The canonical form refuses half surrogates, and a drift must have a key whatever a file is called. */
function wellFormed(parts: object): unknown {
  return JSON.parse(JSON.stringify(parts).toWellFormed());
}
