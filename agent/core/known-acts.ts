import type { Actor, Behaviour, BehaviourOf } from '../../fingerprint/behaviour.ts';
import { mayHoldAddress } from '../../fingerprint/substitute.ts';

/** Distinct behaviours of one copy in steady use: the richest recorded service has some 2 000. About 1 MB when full. */
const maxKnown = 8_192;

/**
 * Behaviours of one instance that were found to be nothing new, by actor and exact raw subject. No hashes: whoever is
 * watched chooses the strings, and a collision would be a verdict.
 */
export class KnownActs {
  #byActor = new Map<Actor, Set<string>>();
  #size = 0;
  #epoch = 0;

  /** Changes whenever what was known is forgotten. */
  get epoch(): number {
    return this.#epoch;
  }

  has(actor: Actor, key: string): boolean {
    return this.#byActor.get(actor)?.has(key) ?? false;
  }

  add(actor: Actor, key: string): void {
    // Starting over costs each behaviour one slow look; keeping an order of use would cost every one of them.
    if (this.#size >= maxKnown) this.clear();
    const known = this.#byActor.get(actor);
    if (known === undefined) this.#byActor.set(actor, new Set([key]));
    else known.add(key);
    this.#size += 1;
  }

  clear(): void {
    this.#byActor = new Map();
    this.#size = 0;
    this.#epoch += 1;
  }
}

/** The raw subject as one exact string, or undefined for what is not worth keeping. */
export function subjectKey(b: Behaviour): string | undefined {
  switch (b.kind) {
    case 'open':
      return `open ${b.access} ${b.origin ?? '-'} ${b.path}`;
    case 'load':
      return `load ${b.origin ?? '-'} ${b.path}`;
    case 'delete':
      return `delete ${b.path}`;
    case 'link':
      return `link ${b.path.length} ${b.path}${b.target}`;
    case 'rename':
      return `rename ${b.path.length} ${b.path}${b.to}`;
    case 'connect':
      return `connect ${b.transport} ${b.port} ${b.unnamed === true} ${b.inward === true} ${b.peer}`;
    case 'listen':
      return `listen ${b.transport} ${b.port}`;
    case 'resolve':
      return `resolve ${b.inward === true} ${b.name}`;
    case 'privilege':
      return `privilege ${b.privilege} ${b.detail ?? ''}`;
    case 'exec':
      return execKey(b);
  }
}

/** Longer vectors are looked at each time: a set full of them would be larger than all that is known otherwise. */
const maxExecKey = 256;

function execKey({ origin, env, args }: BehaviourOf<'exec'>): string | undefined {
  let length = 0;
  for (const arg of args) length += arg.length + 1;
  // What an address in an argument stands for may be somebody else tomorrow.
  if (length > maxExecKey || args.some(mayHoldAddress)) return undefined;
  // No argument holds NUL, so the parts cannot be mistaken for others.
  return `exec ${origin ?? '-'} ${env?.join(' ') ?? ''}\0${args.join('\0')}`;
}
