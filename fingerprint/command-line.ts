import { codeOperands } from './code-operands.ts';
import { argsKey } from './identity.ts';

/**
 * The argument vector as a source tells it that knows the command line only, its arguments joined by blanks (Falco before
 * 0.41): key of its words. Undefined where every argument is one word already, and where one is code: what an
 * interpreter runs is known argument by argument, or another text would run under a known name.
 */
export function lineKey(args: readonly string[]): string | undefined {
  if (!args.some((arg, i) => i > 0 && arg.includes(' '))) return undefined;
  const words = args.flatMap((arg, i) => (i === 0 ? [arg] : arg.split(' ')));
  return codeOperands(args).size > 0 || codeOperands(words).size > 0 ? undefined : argsKey(words);
}

/** Keys of those vectors that a source may tell as words alone. */
export function lineKeys(vectors: Iterable<readonly string[]>): Set<string> {
  return new Set([...vectors].flatMap((args) => lineKey(args) ?? []));
}
