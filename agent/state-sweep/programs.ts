import type { EventOf } from '../../fingerprint/event.ts';
import { argsOf, textOf } from '../core/normalise/sensor-text.ts';
import { type CodeMapping, codeMappings, isMarked, withoutMark } from '../core/sweep/mappings.ts';
import type { MemoryView, ProcessGlance } from '../ports/state-view.ts';
import { Lane } from './lane.ts';
import { foundBy, isWatched, type Member, type SweepWorld } from './member.ts';
import type { Places } from './places.ts';

/** Whoever maps as much as was unmapped hides from the quick look; every so often the whole list is read: within ten minutes. */
const wholeEvery = 20;

/** What the sensor reads of the arguments too; more is cut, and equals no whole vector. */
const maxArgsBytes = 4_096;

interface Looked {
  readonly startTicks: number;
  readonly image: EventOf<'exec'>;
  readonly exe: string;
  readonly exeId: string;
  readonly mapped: number;
  readonly code: string;
}

/** A process whose program is none that was told: its execution was lost, or is still on the way here. */
interface Doubt {
  readonly member: Member;
  readonly image: EventOf<'exec'>;
  readonly exe: string;
}

/** What processes execute and have mapped as code. Remembers each, so that one that has not changed costs a glance. */
export class Programs {
  readonly #world: SweepWorld;
  readonly #lane = new Lane();
  #looked = new Map<number, Looked>();
  #next = new Map<number, Looked>();
  #doubts: Doubt[] = [];
  #unknown: ProcessGlance[] = [];
  #round = 0;

  constructor(world: SweepWorld) {
    this.#world = world;
  }

  get hasDoubts(): boolean {
    return this.#doubts.length + this.#unknown.length > 0;
  }

  begin(): void {
    this.#round += 1;
    // Who was not seen in the last round is gone.
    this.#looked = this.#next;
    this.#next = new Map();
    this.#doubts = [];
    this.#unknown = [];
  }

  forget(): void {
    this.#looked = new Map();
    this.#next = new Map();
  }

  doubtUnknown(glance: ProcessGlance): void {
    this.#unknown.push(glance);
  }

  async look(member: Member, places: Places): Promise<void> {
    const { glance, record } = member;
    const { image } = record;
    if (image === undefined || record.actor === undefined) return;
    const exe = latin1(member.view.exe);
    const before = this.#before(member, image);
    if (
      before !== undefined &&
      before.exe === exe &&
      before.mapped === glance.mapped &&
      !this.#isTurn(glance)
    ) {
      this.#next.set(glance.pid, before);
      return;
    }
    const memory = await this.#read(member, image, exe);
    if (memory === undefined) return;
    const name = exeName(member.view.exe, memory.exe.unlinked);
    const isTold = name === image.exe || image.truncated === true || before?.exeId === memory.exe.id;
    if (!isTold) {
      this.#doubts.push({ member, image, exe });
      return;
    }
    const code = await this.#code(member, memory, places, before?.code);
    const { startTicks, mapped } = glance;
    this.#next.set(glance.pid, { startTicks, image, exe, exeId: memory.exe.id, mapped, code });
  }

  /** Some time later: what is still as it was is news. @returns how many processes it was told of */
  async confirm(places: Places): Promise<number> {
    let told = 0;
    for (const doubt of this.#doubts) if (await this.#confirmExec(doubt, places)) told += 1;
    for (const glance of this.#unknown) if (await this.#confirmUnknown(glance, places)) told += 1;
    return told;
  }

  #isTurn({ pid }: ProcessGlance): boolean {
    return (pid + this.#round) % wholeEvery === 0;
  }

  #before({ glance }: Member, image: EventOf<'exec'>): Looked | undefined {
    const before = this.#looked.get(glance.pid);
    return before?.startTicks === glance.startTicks && before.image === image ? before : undefined;
  }

  /** @returns nothing when it could not be read, or the process became something else meanwhile: the next round looks again. */
  async #read(
    { glance, record }: Member,
    image: EventOf<'exec'>,
    exe: string,
  ): Promise<MemoryView | undefined> {
    const { view, attribution, counters } = this.#world;
    const { pid, startTicks } = glance;
    const memory = await this.#lane.read(() => view.memory(pid));
    if (memory === undefined) {
      counters.add('sweep.unreadable');
      return undefined;
    }
    const isSame = attribution.alive(pid, startTicks) === record && record.image === image;
    const now = isSame && view.glance(pid)?.startTicks === startTicks ? view.view(pid) : undefined;
    return now !== undefined && latin1(now.exe) === exe ? memory : undefined;
  }

  /** @returns the list of its code as one text, to see whether it changes. */
  async #code(
    member: Member,
    memory: MemoryView,
    places: Places,
    before: string | undefined,
  ): Promise<string> {
    const mappings = codeMappings(memory.maps, memory.auxv);
    if (mappings === undefined) {
      this.#world.counters.add('sweep.unreadable');
      return before ?? '';
    }
    const code = mappings.map((m) => m.path).join('\n');
    if (code === before) return code;
    const { record, glance } = member;
    const image = record.image;
    const base = foundBy(record, this.#world.now());
    const loads: EventOf<'load'>[] = [];
    for (const mapping of mappings) {
      const path = await this.#pathOf(glance.pid, mapping);
      const origin = places.originOf(path, member);
      loads.push({ ...base, kind: 'load', path, ...(origin === undefined ? {} : { origin }) });
    }
    // It may have executed while a name was looked after: then these are another program's.
    if (record.image !== image) return before ?? '';
    if (loads.length > 0) this.#world.found(loads);
    return code;
  }

  /** A file may be called `x (deleted)`: taking the mark off its name would make it pass for x. */
  async #pathOf(pid: number, { path, marked, range }: CodeMapping): Promise<string> {
    if (!marked) return path;
    if (path.startsWith('/memfd:')) return withoutMark(path);
    const unlinked = await this.#lane.read(() => this.#world.view.isUnlinked(pid, range));
    return unlinked === true ? withoutMark(path) : path;
  }

  async #confirmExec({ member, image, exe }: Doubt, places: Places): Promise<boolean> {
    const { glance, record } = member;
    const args = await this.#argsOf(glance.pid);
    const memory = await this.#read(member, image, exe);
    if (memory === undefined) return false;
    this.#world.found([
      { ...foundBy(record, this.#world.now()), ...this.#execOf(member, { ...memory, args }, places) },
    ]);
    this.#world.counters.add('sweep.lost-exec');
    this.#next.delete(glance.pid);
    return true;
  }

  async #confirmUnknown(glance: ProcessGlance, places: Places): Promise<boolean> {
    const { view, attribution, counters, now } = this.#world;
    const { pid, startTicks, parent } = glance;
    const seen = view.glance(pid)?.startTicks === startTicks ? view.view(pid) : undefined;
    if (seen === undefined || attribution.alive(pid, startTicks) !== undefined) return false;
    const args = await this.#argsOf(pid);
    const memory = await this.#lane.read(() => view.memory(pid));
    const cgroup = view.cgroupOf(pid);
    if (memory === undefined || cgroup === undefined || attribution.alive(pid, startTicks) !== undefined)
      return false;
    const above = view.glance(parent);
    const known = above === undefined ? undefined : attribution.alive(parent, above.startTicks);
    const process = { pid, start: startTicks * 10_000 };
    const time = now();
    this.#world.found([{ kind: 'cgroup', time, process, found: true, action: 'found', ...cgroup }]);
    this.#world.foundUnknown({
      time,
      process,
      found: true,
      cgroup: cgroup.id,
      ...(known === undefined ? {} : { parent: known.ref }),
      ...this.#execOf({ glance, view: seen }, { ...memory, args }, places),
    });
    const found = attribution.alive(pid, startTicks);
    // The sensor does not tell of itself: it is ours, by its parent.
    if (found === undefined || !isWatched(found)) return false;
    counters.add('sweep.lost-process');
    return true;
  }

  async #argsOf(pid: number): Promise<Uint8Array> {
    return (await this.#lane.read(() => this.#world.view.args(pid))) ?? new Uint8Array();
  }

  #execOf(
    member: Pick<Member, 'glance' | 'view'>,
    { exe, args }: MemoryView & { readonly args: Uint8Array },
    places: Places,
  ) {
    const path = exeName(member.view.exe, exe.unlinked);
    const origin = places.originOf(path, member);
    return {
      kind: 'exec',
      exe: path,
      args: argsOf(args),
      ...(args.length >= maxArgsBytes ? { truncated: true as const } : {}),
      ...(origin === undefined ? {} : { origin }),
    } as const;
  }
}

function exeName(link: Uint8Array, unlinked: boolean): string {
  const shown = textOf(link);
  return unlinked && isMarked(shown) ? withoutMark(shown) : shown;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
