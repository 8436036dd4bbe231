import { argumentTypes, type Execution, type Facts, type Hook } from './hook.ts';
import type { Argument } from './messages.ts';

export interface Meaning {
  readonly facts: Facts | Execution;
  /** errno, of an attempt that failed. */
  readonly error?: number;
}

/**
 * What the arguments of one of our hooks say.
 *
 * @returns undefined: nothing that is told of. `malformed`: they are not the arguments our policy asks for; somebody else
 *   loaded a policy of that name, or Tetragon could not read one.
 */
export function meaningOf(
  hook: Hook,
  args: readonly Argument[],
  returned: Argument | undefined,
): Meaning | undefined | 'malformed' {
  if (args.length !== hook.args.length || !args.every((arg, i) => fits(hook, i, arg))) return 'malformed';
  const facts = hook.facts({ args, returned });
  if (facts === undefined) return undefined;
  const result = hook.returns === 'int' ? (returned?.int_arg ?? 0) : 0;
  return result < 0 && result >= -maxErrno ? { facts, error: -result } : { facts };
}

const maxErrno = 4_095;

/** Labels are told of most types and not of all. */
function fits(hook: Hook, at: number, arg: Argument): boolean {
  const asked = hook.args[at];
  if (asked === undefined || arg[argumentTypes[asked.type]] === undefined) return false;
  return arg.label === undefined || arg.label === '' || arg.label === asked.label;
}
