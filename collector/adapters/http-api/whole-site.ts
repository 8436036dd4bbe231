import type { Caller } from '../../ports/api.ts';
import { Problem } from './problem.ts';

/**
 * For what belongs to no namespace: who sees a part of the site must neither change nor read what is about all of it.
 * @param what begins the sentence, with its verb
 * @throws Problem
 */
export function assertWholeSite(caller: Caller, what: string): void {
  if (!caller.seesAll)
    throw new Problem('forbidden', `${what} of the whole site; it takes a token for all of it`);
}
