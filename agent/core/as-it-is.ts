import type { EventOf, Origin, ProcessRef } from '../../fingerprint/event.ts';
import type { AttributedAct } from './attributed.ts';
import { readerOf } from './code-read.ts';
import type { InstanceRecord } from './instances.ts';
import type { ScriptNames } from './script-names.ts';
import { linkTarget, type SensitiveNames } from './sensitive-names.ts';

/** A file whose bytes are code, as the source told of it. */
export interface CodeFile {
  readonly instance: InstanceRecord;
  readonly process: ProcessRef;
  readonly path: string;
  readonly origin: Origin;
  /** µs since the epoch of the act. */
  readonly time: number;
}

/** Where the bytes really come from; undefined: as the source said. Answers at once. */
export type BytesOf = (file: CodeFile) => { readonly origin: Origin; readonly sha256?: string } | undefined;

/** Where a file of the copy comes from, for sources that do not tell; undefined: nobody can say. Answers at once. */
export type OriginOf = (file: Omit<CodeFile, 'origin' | 'time'>) => Origin | undefined;

/** What the node shows beyond what the source told. */
export interface Looks {
  /** Looks at the bytes of code themselves; without it the source is believed. */
  readonly bytesOf?: BytesOf;
  /** Where files come from; without it only the source says. */
  readonly originOf?: OriginOf;
}

export interface AsItIs {
  readonly act: AttributedAct;
  /** The act says all that decides about it: the same program doing the same again is the same again. */
  readonly repeatable: boolean;
}

/** What is known of names in the copy that acts. */
interface NamesOfCopy {
  readonly sensitiveNames: SensitiveNames;
  readonly scriptNames: Pick<ScriptNames, 'mayBe'>;
}

/**
 * What the act was, beyond what the source could say of it alone: another name of a sensitive file is that file, a
 * script that is read is code that is loaded, and bytes are the image's when they equal what the image has there.
 */
export function asItIs(told: AttributedAct, copy: NamesOfCopy, looks: Looks = {}): AsItIs {
  const act = looks.originOf === undefined ? told : withOrigin(told, looks.originOf);
  const is = asTold(act, copy, looks.bytesOf);
  // Where code comes from may be another place the next time, and the source will not say so.
  return act !== told && isCode(act) ? { ...is, repeatable: false } : is;
}

/** The act with the origin of its file, when the source did not tell it and the node can. */
function withOrigin(act: AttributedAct, originOf: OriginOf): AttributedAct {
  const { event, instance, process } = act;
  if (event.kind !== 'exec' && event.kind !== 'load' && event.kind !== 'open') return act;
  if (event.origin !== undefined || event.error !== undefined) return act;
  const path = event.kind === 'exec' ? event.exe : event.path;
  const origin = originOf({ instance, process: process.ref, path });
  return origin === undefined ? act : { ...act, event: { ...event, origin } };
}

function isCode(act: AttributedAct): boolean {
  const { event } = act;
  return event.kind !== 'open' || readerOf(act)?.isCode(event.path) === true;
}

function asTold(act: AttributedAct, copy: NamesOfCopy, look: BytesOf | undefined): AsItIs {
  const names = copy.sensitiveNames;
  const { event } = act;
  if (event.error !== undefined) return { act, repeatable: true };
  switch (event.kind) {
    case 'exec':
      return asRun(act, event, look);
    case 'load':
      return asLoaded(act, event, names, look);
    case 'open':
      return asOpened(act, event, copy, look);
    case 'link':
      return asLinked(act, event, names);
    case 'rename':
      // What it makes known must be taken in each time.
      return { act, repeatable: !names.isGrave(event.path) };
    default:
      return { act, repeatable: true };
  }
}

function asRun(act: AttributedAct, event: EventOf<'exec'>, look: BytesOf | undefined): AsItIs {
  const bytes = bytesOf(act, event.exe, event.origin, look);
  return { act: bytes === undefined ? act : { ...act, event: { ...event, ...bytes } }, repeatable: false };
}

function asLoaded(
  act: AttributedAct,
  event: EventOf<'load'>,
  names: SensitiveNames,
  look: BytesOf | undefined,
): AsItIs {
  const path = names.of(event.path);
  const origin = bytesOf(act, event.path, event.origin, look)?.origin;
  if (path === undefined && origin === undefined) return { act, repeatable: !mayBeOtherwise(event.origin) };
  const is = { ...(path === undefined ? {} : { path }), ...(origin === undefined ? {} : { origin }) };
  return { act: { ...act, event: { ...event, ...is } }, repeatable: false };
}

function asOpened(
  act: AttributedAct,
  event: EventOf<'open'>,
  { sensitiveNames: names, scriptNames }: NamesOfCopy,
  look: BytesOf | undefined,
): AsItIs {
  const real = event.access === 'create' ? undefined : names.of(event.path);
  // That it is sensitive is graver than that it is code.
  if (real !== undefined) return { act: { ...act, event: { ...event, path: real } }, repeatable: false };
  const { access, via: _how, ...rest } = event;
  // A source that cannot tell layers cannot tell the image's own modules from planted ones.
  if (access !== 'read' || event.origin === undefined || event.origin === 'image')
    return { act, repeatable: true };
  const reader = readerOf(act);
  if (reader === undefined) return { act, repeatable: true };
  // Which script an interpreter was started with stands in none of its later acts.
  if (!reader.isCode(event.path)) return { act, repeatable: !scriptNames.mayBe(event.path) };
  const origin = bytesOf(act, event.path, event.origin, look)?.origin ?? event.origin;
  const is = origin === 'image' ? { ...event, origin } : { ...rest, kind: 'load' as const, origin };
  return { act: { ...act, event: is }, repeatable: false };
}

function asLinked(act: AttributedAct, event: EventOf<'link'>, names: SensitiveNames): AsItIs {
  const target = linkTarget(event);
  if (!names.isGrave(target)) return { act, repeatable: true };
  return { act: { ...act, event: { ...event, target: names.of(target) ?? target } }, repeatable: false };
}

function bytesOf(
  { instance, process, event }: AttributedAct,
  path: string,
  origin: Origin | undefined,
  look: BytesOf | undefined,
): ReturnType<BytesOf> {
  if (origin === undefined || !mayBeOtherwise(origin)) return undefined;
  return look?.({ instance, process: process.ref, path, origin, time: event.time });
}

/** What the image has is the image's, and what is in memory alone is nobody's. */
function mayBeOtherwise(origin: Origin | undefined): boolean {
  return origin === 'upper' || origin === 'volume' || origin === 'scratch';
}
