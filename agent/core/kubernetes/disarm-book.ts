import { printable } from '../../../fingerprint/printable.ts';
import { formatSeconds } from '../../../fingerprint/time.ts';
import { type ByLabel, byLabel, disarmLabel } from './disarm-label.ts';
import { fieldsOf, member, textOf } from './fields.ts';

/** As many namespaces as the largest clusters have several times over, were all of them labelled; some 200 bytes each. */
const maxLabels = 4_096;
/** The rest is for labels in force: those that nobody took away after their time keep none out. */
const maxOver = maxLabels / 2;
/** The API lets no value be longer. */
const maxValue = 63;

/** Of a namespace, as `agent/ports.ts` has it. */
interface Label {
  readonly namespace: string;
  readonly value: string;
  readonly seenAt: number;
}

/** A namespace that is disarmed by its label, now. */
export interface NamespaceDisarm {
  readonly namespace: string;
  /** µs since the Unix epoch. */
  readonly until: number;
  /** In one sentence, for people. */
  readonly detail: string;
}

/**
 * The namespaces that bear the label, kept up to date by lists and changes. What was told holds until something else is
 * told, or until its time is over: that the API is away must not rearm what a person disarmed.
 */
export class DisarmBook {
  readonly #labels = new Map<string, { value: string; seenAt: number }>();
  /** Seen since a list began. */
  #listed: Set<string> | undefined;
  /** `refused`: in force, and there was no room for it; `over`: the same of one that disarms nothing. */
  readonly counts = { malformed: 0, refused: 0, over: 0 };

  /** From an earlier run: when a value was first seen survives a restart. */
  restore(labels: readonly Label[]): void {
    for (const { namespace, value, seenAt } of labels.slice(0, maxLabels))
      this.#labels.set(namespace, { value, seenAt });
  }

  /** A list of all that bear it begins; it comes in pages. */
  begin(): void {
    this.#listed = new Set();
  }

  /** @returns whether something is otherwise than before */
  page(namespaces: readonly unknown[], now: number): boolean {
    let isOther = false;
    for (const one of namespaces) {
      const name = nameOf(one);
      if (name !== undefined) this.#listed?.add(name);
      if (this.set(one, now)) isOther = true;
    }
    return isOther;
  }

  /** The list is whole: whatever was not in it bears the label no more. @returns as `page` */
  complete(): boolean {
    const listed = this.#listed;
    this.#listed = undefined;
    const gone = listed === undefined ? [] : [...this.#labels.keys()].filter((name) => !listed.has(name));
    for (const name of gone) this.#labels.delete(name);
    return gone.length > 0;
  }

  /** @returns as `page` */
  set(namespace: unknown, now: number): boolean {
    const name = nameOf(namespace);
    if (name === undefined) {
      this.counts.malformed += 1;
      return false;
    }
    const value = labelOf(namespace);
    if (value === undefined) return this.#labels.delete(name);
    const before = this.#labels.get(name);
    if (before?.value === value) return false;
    if (before === undefined && !this.#hasRoom(value, now)) return false;
    this.#labels.set(name, { value, seenAt: now });
    return true;
  }

  /** It is gone, or bears the label no more. @returns as `page` */
  remove(namespace: unknown): boolean {
    const name = nameOf(namespace);
    if (name !== undefined) return this.#labels.delete(name);
    this.counts.malformed += 1;
    return false;
  }

  of(namespace: string, now: number): NamespaceDisarm | undefined {
    const label = this.#labels.get(namespace);
    if (label === undefined) return undefined;
    // A clock that was set back must not give it more than a day from here on.
    if (label.seenAt > now) label.seenAt = now;
    const found = byLabel(label, now);
    if (found === undefined) return undefined;
    return { namespace, until: found.until, detail: sentence(namespace, label.value, found) };
  }

  inForce(now: number): readonly NamespaceDisarm[] {
    return [...this.#labels.keys()].sort().flatMap((name) => this.of(name, now) ?? []);
  }

  labels(): readonly Label[] {
    return [...this.#labels].map(([namespace, label]) => ({ namespace, ...label }));
  }

  #hasRoom(value: string, now: number): boolean {
    const isOver = byLabel({ value, seenAt: now }, now) === undefined;
    const hasRoom = this.#labels.size < (isOver ? maxOver : maxLabels);
    if (!hasRoom) this.counts[isOver ? 'over' : 'refused'] += 1;
    return hasRoom;
  }
}

function sentence(namespace: string, value: string, { until, as }: ByLabel): string {
  const text = `disarmed in namespace ${namespace} by its label ${disarmLabel} until ${formatSeconds(until)}`;
  switch (as) {
    case 'told':
      return text;
    case 'too-late':
      return `${text}, a day after this node first saw it: it names a later time`;
    case 'no-time':
      return `${text}, a day after this node first saw it: "${printable(value)}" is no time in seconds since 1970`;
  }
}

/** As the API lets namespaces be called, which no other word of ours is mistaken for. */
function nameOf(namespace: unknown): string | undefined {
  const name = textOf(fieldsOf(fieldsOf(namespace).metadata).name);
  return name !== undefined && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) ? name : undefined;
}

/** @returns undefined when it does not bear the label */
function labelOf(namespace: unknown): string | undefined {
  const value = member(fieldsOf(fieldsOf(fieldsOf(namespace).metadata).labels), disarmLabel);
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value.slice(0, maxValue) : '';
}
