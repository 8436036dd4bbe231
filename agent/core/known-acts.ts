import type { Actor, Behaviour, BehaviourOf } from '../../fingerprint/behaviour.ts';
import { mayHoldAddress } from '../../fingerprint/substitute.ts';

/**
 * What one copy does over and over is answered by the hot path (hotpath/), which needs a few bits for an act: here it
 * waits for that. 110 copies with 256 each, some 100 B an act, are 3 MB at most.
 */
const maxKnown = 256;

/**
 * Behaviours of one instance that were found to be nothing new, by actor and exact raw subject: those that came last. No
 * hashes: whoever is watched chooses the strings, and a collision would be a verdict.
 */
export class KnownActs {
  readonly #half: number;
  #young = new Map<Actor, Set<string>>();
  #old = new Map<Actor, Set<string>>();
  #size = 0;
  #epoch = 0;

  /** @param max acts remembered; when half of them are new, those that did not come again since are forgotten */
  constructor(max: number = maxKnown) {
    this.#half = max / 2;
  }

  /** Changes whenever what was known holds no longer; that an act was forgotten for want of room changes nothing. */
  get epoch(): number {
    return this.#epoch;
  }

  has(actor: Actor, key: string): boolean {
    if (this.#young.get(actor)?.has(key) === true) return true;
    if (this.#old.get(actor)?.has(key) !== true) return false;
    this.add(actor, key);
    return true;
  }

  add(actor: Actor, key: string): void {
    if (this.#size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#size = 0;
    }
    const known = this.#young.get(actor);
    if (known === undefined) this.#young.set(actor, new Set([key]));
    else known.add(key);
    this.#size += 1;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
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
