import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { EventOf } from '../../fingerprint/event.ts';
import { toName } from '../../fingerprint/host-name.ts';
import type { AttributedAct } from './attributed.ts';
import type { PeerNames } from './peers.ts';

/** Why an act is no behaviour: attempts that failed, peers that were let in, answers (they name addresses). */
export type NoBehaviour = 'failed' | 'accepted' | 'answer' | 'stray-answer';

/**
 * The act as a behaviour, not yet generalised. A string the source cut ends in `…`, so that it equals no whole one.
 * Failed connects and privileges count like others (they were meant); other failures do not.
 */
export function toBehaviour(act: AttributedAct, peers: PeerNames): Behaviour | NoBehaviour {
  const { event, actor } = act;
  const { root, lineage } = actor;
  const cut = event.truncated === true ? '…' : '';
  if (event.error !== undefined && event.kind !== 'connect' && event.kind !== 'privilege') return 'failed';
  switch (event.kind) {
    case 'exec':
      return exec(act, event);
    case 'load':
      return {
        root,
        lineage,
        kind: 'load',
        path: event.path + cut,
        ...(event.origin === undefined ? {} : { origin: event.origin }),
      };
    case 'open':
      return {
        root,
        lineage,
        kind: 'open',
        path: event.path + cut,
        access: event.access,
        ...(event.origin === undefined ? {} : { origin: event.origin }),
      };
    case 'link':
      return { root, lineage, kind: 'link', path: event.path, target: event.target + cut };
    case 'delete':
      return { root, lineage, kind: 'delete', path: event.path + cut };
    case 'rename':
      return { root, lineage, kind: 'rename', path: event.path, to: event.to + cut };
    case 'connect':
      return connect(act, event, peers);
    case 'listen':
      return { root, lineage, kind: 'listen', transport: event.transport, port: event.port };
    case 'accept':
      return 'accepted';
    case 'resolve':
      return resolve(act, event, peers);
    case 'privilege':
      return {
        root,
        lineage,
        kind: 'privilege',
        privilege: event.privilege,
        ...(event.detail === undefined ? {} : { detail: event.detail + cut }),
      };
  }
}

function exec({ actor }: AttributedAct, event: EventOf<'exec'>): Behaviour {
  const { origin, env } = event;
  const args =
    event.truncated === true ? [...event.args.slice(0, -1), `${event.args.at(-1) ?? ''}…`] : event.args;
  return {
    ...actor,
    kind: 'exec',
    args,
    ...(origin === undefined ? {} : { origin }),
    ...(env === undefined || env.length === 0 ? {} : { env }),
  };
}

function connect({ actor }: AttributedAct, event: EventOf<'connect'>, peers: PeerNames): Behaviour {
  const { transport, address } = event;
  if (transport === 'unix') {
    const cut = event.truncated === true ? '…' : '';
    return { ...actor, kind: 'connect', transport, peer: address + cut, port: 0 };
  }
  const peer = peers.peerOf(address, event.time, actor);
  return { ...actor, kind: 'connect', transport, ...peer, port: event.port };
}

function resolve(
  { actor }: AttributedAct,
  event: EventOf<'resolve'>,
  peers: PeerNames,
): Behaviour | NoBehaviour {
  const name = toName(event.name);
  if (event.phase === 'question') {
    peers.asked(event, actor);
    return { ...actor, kind: 'resolve', name };
  }
  switch (peers.answered(event)) {
    case 'stray':
      return 'stray-answer';
    case 'answer':
      return 'answer';
    // Judged at the answer, not at what follows: a service that connects to its own loopback does nothing new because
    // a stranger's name was answered so meanwhile.
    case 'inward':
      return { ...actor, kind: 'resolve', name, inward: true };
  }
}
