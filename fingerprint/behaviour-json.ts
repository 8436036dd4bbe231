import { type Actor, type Behaviour, maxLineage, roots } from './behaviour.ts';
import { accesses, behaviourKinds, origins, privileges, transports } from './event.ts';
import { ObjectReader, readInteger, readText, refuse } from './object-reader.ts';

/** More than execve hands over in practice; the kernel's own limit is two megabytes of strings. */
export const maxArgs = 2048;
/** The hooks that are looked for are about twenty. */
export const maxHooks = 64;

/**
 * Reads a behaviour from JSON of unknown origin.
 * @throws SCHEMA with the field for every member that is missing, of another type, out of range or unknown.
 */
export function parseBehaviour(value: unknown, field = ''): Behaviour {
  const r = new ObjectReader(value, field);
  return r.end({ ...readActor(r), ...readAct(r) });
}

/** The members every behaviour and every drift share. */
export function readActor(r: ObjectReader): Actor {
  const lineage = r.list('lineage', readPath, maxLineage);
  if (lineage.length === 0) refuse(r.field('lineage'), 'is empty; it names at least the program that acted');
  return { root: r.word('root', roots), lineage };
}

function readPath(value: unknown, field: string): string {
  const path = readText(value, field);
  return path === '' ? refuse(field, 'is empty') : path;
}

export function readPort(value: unknown, field: string): number {
  return readInteger(value, field, -1, 65_535);
}

/** What was done, without who did it. */
export type Act = Behaviour extends infer B ? (B extends Actor ? Omit<B, keyof Actor> : never) : never;

/** @throws SCHEMA */
export function parseAct(value: unknown, field: string): Act {
  const r = new ObjectReader(value, field);
  return r.end(readAct(r));
}

function readAct(r: ObjectReader): Act {
  const kind = r.word('kind', behaviourKinds);
  const text = (name: string): string => r.value(name, readPath);
  const origin = (): { origin?: (typeof origins)[number] } =>
    r.optional('origin', () => r.word('origin', origins));
  switch (kind) {
    case 'exec':
      return { kind, args: r.list('args', readText, maxArgs), ...origin(), ...readHooks(r) };
    case 'load':
      return { kind, path: text('path'), ...origin() };
    case 'open':
      return { kind, path: text('path'), access: r.word('access', accesses), ...origin() };
    case 'link':
      return { kind, path: text('path'), target: text('target') };
    case 'delete':
      return { kind, path: text('path') };
    case 'rename':
      return { kind, path: text('path'), to: text('to') };
    case 'connect':
      return {
        kind,
        transport: r.word('transport', transports),
        peer: text('peer'),
        ...r.optional('unnamed', () => r.flag('unnamed')),
        ...r.optional('inward', () => r.flag('inward')),
        port: r.value('port', readPort),
      };
    case 'listen':
      return { kind, transport: r.word('transport', transports), port: r.value('port', readPort) };
    case 'resolve':
      return { kind, name: r.value('name', readText), ...r.optional('inward', () => r.flag('inward')) };
    case 'privilege':
      return {
        kind,
        privilege: r.word('privilege', privileges),
        ...r.optional('detail', () => r.text('detail')),
      };
  }
}

function readHooks(r: ObjectReader): { env?: string[] } {
  return r.optional('env', () => r.list('env', readPath, maxHooks));
}
