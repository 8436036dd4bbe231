import type { Behaviour } from '../fingerprint/behaviour.ts';
import type { Effective } from '../fingerprint/effective.ts';
import { explainBehaviour } from '../fingerprint/explain.ts';
import type { BehaviourSet } from '../fingerprint/fingerprint.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { judge } from '../fingerprint/judge.ts';
import { printable } from '../fingerprint/printable.ts';
import { withGrants } from './accept-source.ts';
import { CliError, exitCodes } from './exit.ts';

/** What `--as` says: instead of a file that is granted, a pattern. @throws CliError */
export function patternsFrom(
  given: readonly string[],
  granted: readonly Behaviour[],
): ReadonlyMap<string, string> {
  const paths = new Set(
    granted.flatMap((b) =>
      b.kind === 'open' || b.kind === 'delete' ? [b.path] : b.kind === 'rename' ? [b.path, b.to] : [],
    ),
  );
  return new Map(
    given.map((text) => {
      const at = text.indexOf('=');
      const [subject, pattern] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
      if (at < 1 || pattern === '') throw new CliError(exitCodes.usage, '--as takes SUBJECT=PATTERN');
      if (!paths.has(subject))
        throw new CliError(
          exitCodes.usage,
          `--as: no file that is granted is called ${printable(subject, 300)}`,
        );
      return [subject, pattern];
    }),
  );
}

/** What is signed must do what was asked for: a pattern that misses, or a removal elsewhere, would leave it drifting. */
export function assertEffect(
  effective: Effective,
  add: BehaviourSet,
  granted: readonly Behaviour[],
  widened: readonly string[],
): void {
  const index = indexBehaviour(withGrants(effective, add).fingerprint, effective.bindings);
  const still = granted.find((b) => judge(b, index).kind === 'drift');
  if (still === undefined) return;
  const why =
    widened.length > 0
      ? 'the pattern given with --as does not take it in'
      : 'somebody removed it, which wins over adding';
  throw new CliError(exitCodes.usage, `${explainBehaviour(still)}: would go on drifting, because ${why}`);
}
