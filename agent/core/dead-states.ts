import type { Actor } from '../../fingerprint/behaviour.ts';
import type { EventOf } from '../../fingerprint/event.ts';
import type { ProcessRecord } from './process-record.ts';

/** All that a dead process was, but for its name, its kin and when it died: the same of every helper of one kind. */
export type DeadState = Readonly<
  Pick<
    ProcessRecord,
    | 'own'
    | 'image'
    | 'cgroup'
    | 'cgroupInherited'
    | 'instance'
    | 'root'
    | 'entrance'
    | 'actor'
    | 'assumed'
    | 'enteredAt'
    | 'runtimeAgain'
    | 'culprit'
    | 'outside'
    | 'moved'
  >
>;

/** Programs of the host, outside any copy. */
const maxPrograms = 1_024;

/** One state for all that died alike. */
export class DeadStates {
  readonly #byActor = new WeakMap<Actor, DeadState>();
  readonly #byProgram = new Map<string, DeadState>();

  /** @returns what it was; of its execution the texts, not when and by whom: of the dead nobody asks that any more */
  of(record: ProcessRecord): DeadState {
    const last = this.#last(record);
    if (last !== undefined && isAlike(last, record)) return last;
    const state = stateOf(record);
    this.#keep(record, state);
    return state;
  }

  #last({ actor, image }: ProcessRecord): DeadState | undefined {
    return actor === undefined ? this.#byProgram.get(image?.exe ?? '') : this.#byActor.get(actor);
  }

  #keep({ actor, image }: ProcessRecord, state: DeadState): void {
    if (actor !== undefined) {
      this.#byActor.set(actor, state);
      return;
    }
    if (this.#byProgram.size >= maxPrograms) this.#byProgram.clear();
    this.#byProgram.set(image?.exe ?? '', state);
  }
}

function stateOf(record: ProcessRecord): DeadState {
  const { own, image, cgroup, cgroupInherited, instance, root, entrance } = record;
  const { actor, assumed, enteredAt, runtimeAgain, culprit, outside, moved } = record;
  return {
    own,
    image,
    cgroup,
    cgroupInherited,
    instance,
    root,
    entrance,
    actor,
    assumed,
    enteredAt,
    runtimeAgain,
    culprit,
    outside,
    moved,
  };
}

function isAlike(a: DeadState, b: DeadState): boolean {
  return isSameKind(a, b) && isSameTree(a, b) && isSameImage(a.image, b.image);
}

function isSameKind(a: DeadState, b: DeadState): boolean {
  return (
    a.own === b.own &&
    a.cgroup === b.cgroup &&
    a.cgroupInherited === b.cgroupInherited &&
    a.instance === b.instance &&
    a.root === b.root &&
    a.actor === b.actor &&
    a.assumed === b.assumed
  );
}

function isSameTree(a: DeadState, b: DeadState): boolean {
  return (
    a.entrance === b.entrance &&
    a.enteredAt === b.enteredAt &&
    a.runtimeAgain === b.runtimeAgain &&
    a.culprit === b.culprit &&
    a.outside === b.outside &&
    a.moved === b.moved
  );
}

type Image = EventOf<'exec'> | undefined;

function isSameImage(a: Image, b: Image): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.exe === b.exe &&
    a.file === b.file &&
    a.cwd === b.cwd &&
    a.origin === b.origin &&
    a.sha256 === b.sha256 &&
    a.caller === b.caller &&
    a.truncated === b.truncated &&
    a.error === b.error &&
    a.found === b.found &&
    isSameList(a.args, b.args) &&
    isSameList(a.env, b.env)
  );
}

function isSameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.length === b.length && a.every((text, i) => text === b[i]);
}
