import type { Actor } from '../../fingerprint/behaviour.ts';

/** A start-up that executes more different programs than this is no ordinary one; the rest is judged as it is. */
const maxPrograms = 1_024;

/**
 * Programs that executed in a start-up which what is in force says nothing about. Who started whom there is unknown to
 * it, so their place in the lineage is as good as concluded, like that of programs that were found running.
 */
export class UnlearnedStart {
  readonly #programs = new Set<string>();
  readonly #assumed = new WeakMap<Actor, number>();

  executed(actor: Actor): void {
    if (this.#programs.size < maxPrograms) this.#programs.add(keyOf(actor, actor.lineage.length));
  }

  /** How many leading programs of the lineage executed then. */
  assumedOf(actor: Actor): number {
    const known = this.#assumed.get(actor);
    if (known !== undefined) return known;
    let length = actor.lineage.length;
    while (length > 0 && !this.#programs.has(keyOf(actor, length))) length -= 1;
    this.#assumed.set(actor, length);
    return length;
  }
}

function keyOf({ root, lineage }: Actor, length: number): string {
  return `${root}\0${lineage.slice(0, length).join('\0')}`;
}
