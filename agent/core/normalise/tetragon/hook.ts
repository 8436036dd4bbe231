import type { Event } from '../../../../fingerprint/event.ts';
import type { RawRecord } from '../../hotpath/raw-record.ts';
import type { Argument, Message } from './messages.ts';

type FactsOf<E> = E extends unknown
  ? Omit<E, 'time' | 'process' | 'parent' | 'cgroup' | 'container' | 'found' | 'error'>
  : never;
/** What happened, without who did it. */
export type Facts = FactsOf<Event>;

/** Types of arguments as a TracingPolicy writes them, and the member in which an event then tells the argument. */
export const argumentTypes = {
  file: 'file_arg',
  path: 'path_arg',
  dentry: 'path_arg',
  linux_binprm: 'linux_binprm_arg',
  sock: 'sock_arg',
  socket: 'sock_arg',
  sockaddr: 'sockaddr_arg',
  sockaddr_un: 'sockaddrun_arg',
  string: 'string_arg',
  int: 'int_arg',
  uint32: 'uint_arg',
  uint64: 'size_arg',
  int64: 'long_arg',
  capability: 'capability_arg',
} as const satisfies Readonly<Record<string, keyof Argument>>;

export type ArgumentType = keyof typeof argumentTypes;

/** One argument of a hook, as our policy asks for it. */
export interface HookArgument {
  readonly index: number;
  readonly type: ArgumentType;
  readonly label: string;
  /** Member of the argument's structure that is told instead of the whole. */
  readonly resolve?: string;
}

export interface Told {
  readonly args: readonly Argument[];
  readonly returned: Argument | undefined;
}

/** A place in the kernel where one of our policies listens. */
export interface Hook {
  readonly policy: string;
  /** As the policy writes it; for a system call without the prefix of the architecture. */
  readonly call: string;
  readonly by: 'kprobe' | 'syscall' | 'lsm';
  readonly args: readonly HookArgument[];
  readonly returns?: ArgumentType;
  readonly what: RawRecord['what'];
  /**
   * By the arguments alone.
   *
   * @returns undefined: nothing that is told of. `execution`: what the process is about to become.
   */
  readonly facts: (told: Told) => Facts | Execution | undefined;
}

/** The file whose image the process runs from now on, as the kernel found it: for a script its interpreter. */
export interface Execution {
  readonly kind: 'execution';
  readonly exe: string;
}

/** Short ways to what an argument says; undefined when it is not what was asked for. */
function pathIn(argument: Argument | undefined): Message<'KprobePath'> | undefined {
  const told = argument?.file_arg ?? argument?.path_arg ?? argument?.linux_binprm_arg;
  // Without a name of its own: a pipe, a socket, an anonymous mapping. `/` is what Tetragon writes then.
  return told?.path === undefined || told.path === '' || told.path === '/' ? undefined : told;
}

/** Absolute. Early releases leave out the first slash. */
export function pathText(argument: Argument | undefined): string | undefined {
  const path = pathIn(argument)?.path;
  return path === undefined || path.startsWith('/') ? path : `/${path}`;
}

/** Path that Tetragon could not walk to its end. */
export function cutMark(...argument: readonly (Argument | undefined)[]): { readonly truncated?: true } {
  return argument.some((a) => pathIn(a)?.flags?.includes('unresolved') === true) ? { truncated: true } : {};
}

export function numberIn(argument: Argument | undefined): number | undefined {
  return argument?.uint_arg ?? argument?.int_arg ?? argument?.size_arg ?? argument?.long_arg;
}

/**
 * The name of an entry of a directory: a `dentry` knows its path on its own mount only, so all but its last part is
 * taken from the directory, which knows all of it.
 */
export function entryOf(directory: Argument | undefined, entry: Argument | undefined): string | undefined {
  const inMount = pathText(entry);
  const above = directory?.path_arg?.path;
  if (inMount === undefined || above === undefined) return undefined;
  const name = inMount.slice(inMount.lastIndexOf('/') + 1);
  return name === ''
    ? undefined
    : `${above.startsWith('/') ? above : `/${above}`}/${name}`.replace(/^\/\//, '/');
}
