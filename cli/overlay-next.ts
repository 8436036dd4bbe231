import { canonicalBytes } from '../fingerprint/canonical.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { BehaviourSet } from '../fingerprint/fingerprint.ts';
import { type Overlay, type OverlayContent, parseOverlay } from '../fingerprint/overlay.ts';
import { ProgramSet } from '../fingerprint/program-set.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { overlaySentences } from './overlay-words.ts';
import { fileName } from './read-file.ts';

const maxBytes = 32 << 20;

/**
 * The overlay that --out holds already, so that what is granted now comes to what was granted before. Believed only as
 * far as the policy believes it: what somebody else put into the file would be signed with the rest.
 * @throws CliError where it holds something else, or nothing that this site trusts
 */
export async function earlierGrants(io: Io, out: string, policy: TrustPolicy): Promise<Overlay | undefined> {
  const bytes = await io.readFile(out, { maxBytes }).catch((error: unknown) => {
    if (error instanceof CliError) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  try {
    parseOverlay(open(bytes, [statementPayloadType]).payload);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new CliError(exitCodes.usage, `${fileName(out)} exists and holds no overlay`, 'name another --out');
  }
  return about(fileName(out), () => verifyOverlay(bytes, policy, { now: io.now() }).overlay, exitCodes.trust);
}

interface Given {
  readonly out: string;
  readonly stream?: string;
  readonly until: string | undefined;
  /** Stream of the fingerprint. */
  readonly base: string;
}

/**
 * The next version of an earlier overlay with what is granted now besides; or the first of a stream of its own, because a
 * later version takes the place of an earlier one and nobody is to lose what another grant gave.
 * @throws CliError where the earlier one is about something else, so that it would be lost
 */
export function unitedGrants(
  io: Io,
  fresh: OverlayContent,
  earlier: Overlay | undefined,
  given: Given,
): { readonly content: OverlayContent; readonly version: number; readonly stream: string } {
  if (earlier === undefined)
    return { content: fresh, version: 1, stream: given.stream ?? ownStream(fresh, given) };
  const name = fileName(given.out);
  const apart = apartFrom(earlier, fresh, given);
  if (apart !== undefined)
    throw new CliError(exitCodes.usage, `${name} holds an overlay that ${apart}`, 'name another --out');
  io.err(`${name} holds version ${earlier.version}; this is the next one, with what that says:`);
  for (const sentence of overlaySentences(earlier)) io.err(`  ${sentence}`);
  const sets = [earlier.add, fresh.add].flatMap((set) => set ?? []);
  const { bindings, remove } = earlier;
  const content = { ...fresh, bindings, add: united(sets), ...(remove === undefined ? {} : { remove }) };
  return { content, version: earlier.version + 1, stream: given.stream ?? earlier.stream };
}

/** Why the earlier one is about something else; undefined where it is not. */
function apartFrom(earlier: Overlay, fresh: OverlayContent, { until }: Given): string | undefined {
  if (earlier.base !== fresh.base) return 'belongs to another fingerprint';
  if (!isSame(earlier.scope ?? {}, fresh.scope ?? {})) return 'is for other copies';
  return earlier.expiresAt === until ? undefined : 'ends at another time';
}

function ownStream({ add, scope }: OverlayContent, { base }: Given): string {
  const hash = sha256Hex(canonicalBytes({ add, scope: scope ?? {} })).slice(0, 12);
  return `${base}#accepted/${hash}`;
}

function isSame(a: object, b: object): boolean {
  return Buffer.compare(canonicalBytes(a), canonicalBytes(b)) === 0;
}

function united(sets: readonly BehaviourSet[]): BehaviourSet {
  const all = new ProgramSet();
  for (const set of sets) all.addSet(set);
  return all.toSet();
}
