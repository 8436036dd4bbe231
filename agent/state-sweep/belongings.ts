import type { Event } from '../../fingerprint/event.ts';
import type { InstanceRecord } from '../core/instances.ts';
import { textOf } from '../core/normalise/sensor-text.ts';
import { type Belonging, hasMoved, namespaceNames } from '../core/sweep/moved.ts';
import { foundBy, type Member, type SweepWorld } from './member.ts';

/** A process in a namespace or root of its own, and in which. */
interface Stray {
  readonly member: Member;
  readonly what: Belonging;
  readonly where: string;
}

interface Told {
  readonly startTicks: number;
  readonly what: Set<string>;
}

/** Compares namespaces and root of each process with those of the first of its copy: unshare, setns, chroot. */
export class Belongings {
  readonly #world: SweepWorld;
  #told = new Map<number, Told>();
  /** The first of each copy as it was seen first: it may leave, too. */
  #firsts = new Map<InstanceRecord, Member>();
  #strays: Stray[] = [];

  constructor(world: SweepWorld) {
    this.#world = world;
  }

  get hasDoubts(): boolean {
    return this.#strays.length > 0;
  }

  forget(): void {
    this.#told = new Map();
  }

  /** @param members oldest first */
  compare(members: readonly Member[]): void {
    const byPid = new Map(members.map((m) => [m.glance.pid, m]));
    this.#told = new Map(
      [...this.#told].filter(([pid, t]) => byPid.get(pid)?.glance.startTicks === t.startTicks),
    );
    this.#firsts = new Map(
      [...firstOfEach(members)].map(([copy, first]) => [copy, this.#asSeenFirst(copy, first)]),
    );
    this.#strays = members.flatMap((member) => {
      const { instance, actor } = member.record;
      const first = instance === undefined ? undefined : this.#firsts.get(instance);
      if (first === undefined || actor === undefined) return [];
      const above = byPid.get(member.record.parent?.ref.pid ?? 0);
      return this.#straysOf(member, first, above?.record === member.record.parent ? above : undefined);
    });
  }

  /** Some time later: who is still there is told of. @returns how many strays it was */
  confirm(): number {
    const events = this.#strays.filter((stray) => this.#isStill(stray)).map((stray) => this.#eventOf(stray));
    if (events.length > 0) this.#world.found(events);
    return events.length;
  }

  #asSeenFirst(copy: InstanceRecord, first: Member): Member {
    const before = this.#firsts.get(copy);
    return before?.record === first.record ? before : first;
  }

  /** What it shares with its parent it was born with: the parent is told of, or the parent is the first. */
  #straysOf(member: Member, first: Member, parent: Member | undefined): Stray[] {
    const { glance, record } = member;
    return belongings(member).flatMap(({ what, where }, i) => {
      const isCommon =
        where === '' ||
        where === belongings(first)[i]?.where ||
        where === belongings(parent ?? first)[i]?.where;
      if (
        isCommon ||
        hasMoved(record, what) ||
        this.#told.get(glance.pid)?.what.has(`${what} ${where}`) === true
      )
        return [];
      return [{ member, what, where }];
    });
  }

  #isStill({ member, what, where }: Stray): boolean {
    const { glance, record } = member;
    const { view, attribution } = this.#world;
    if (attribution.alive(glance.pid, glance.startTicks) !== record || hasMoved(record, what)) return false;
    const now = view.view(glance.pid);
    return now !== undefined && belongings({ view: now }).some((b) => b.what === what && b.where === where);
  }

  #eventOf({ member, what, where }: Stray): Event {
    const { glance, record } = member;
    const told = this.#told.get(glance.pid) ?? { startTicks: glance.startTicks, what: new Set() };
    this.#told.set(glance.pid, { ...told, what: told.what.add(`${what} ${where}`) });
    const base = { ...foundBy(record, this.#world.now()), kind: 'privilege' } as const;
    return what === 'root'
      ? { ...base, privilege: 'chroot', detail: where }
      : { ...base, privilege: 'unshare', detail: what };
  }
}

function belongings({ view }: Pick<Member, 'view'>): readonly { what: Belonging; where: string }[] {
  const spaces = namespaceNames.map((what, i) => ({ what, where: view.namespaces[i] ?? '' }));
  return [...spaces, { what: 'root', where: textOf(view.root) }];
}

/** The process that began the copy; when that is gone, the oldest. */
function firstOfEach(members: readonly Member[]): Map<InstanceRecord, Member> {
  const firsts = new Map<InstanceRecord, Member>();
  for (const member of members) {
    const { instance, ref } = member.record;
    if (instance === undefined) continue;
    const isFirst = instance.first?.pid === ref.pid && instance.first.start === ref.start;
    if (isFirst || !firsts.has(instance)) firsts.set(instance, member);
  }
  return firsts;
}
