import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Scope } from '../fingerprint/fingerprint.ts';
import { runsAs } from '../fingerprint/image-binding.ts';
import { inScope } from '../fingerprint/scope.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { subjectsIn } from '../fingerprint/statement-frame.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import { findRule, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Untrusted } from './core/watched.ts';
import { earlierName, learnedName } from './ports/kept.ts';

/** What a refused fingerprint is about, in its own words: enough to know of which copies nothing may be learned. */
interface Refused extends Untrusted {
  readonly name: string;
  readonly digests: readonly string[];
  readonly scope: Scope | undefined;
  readonly platform: Platform | undefined;
}

/**
 * Fingerprints that lie on this node and are refused. Only what lies here gets here: it was accepted before, or a person
 * put it there. What a collector merely offers says nothing, or it could end learning everywhere by sending refuse.
 */
export class RefusedShelf {
  readonly #platform: Platform;
  /** How many that were replaced are kept. */
  readonly #limit: number;
  readonly #byFile = new Map<string, Refused>();

  constructor(platform: Platform, limit: number) {
    this.#platform = platform;
    this.#limit = limit;
  }

  /** What a collector learned is nobody's word: where that is refused, learning begins anew. */
  put(file: string, bytes: Uint8Array, code: string): void {
    if (file.startsWith(learnedName)) return;
    const refused = readRefused(file, bytes, code);
    if (refused !== undefined) this.#byFile.set(file, refused);
  }

  get files(): readonly string[] {
    return [...this.#byFile.keys()];
  }

  drop(file: string): void {
    this.#byFile.delete(file);
  }

  /** @param policy by which copies in a mirror are known */
  about(workload: Workload, policy: TrustPolicy | undefined): Untrusted | undefined {
    for (const refused of this.#byFile.values()) {
      if (!this.#isAbout(refused, workload, policy)) continue;
      const { code, fingerprint, file } = refused;
      return { code, fingerprint, file };
    }
    return undefined;
  }

  #isAbout(
    { name, digests, scope, platform = this.#platform }: Refused,
    workload: Workload,
    policy: TrustPolicy | undefined,
  ): boolean {
    const { os, architecture } = this.#platform;
    const { subject } = workload;
    if (!digests.includes(subject.digest) || !inScope(scope, workload)) return false;
    if (platform.os !== os || platform.architecture !== architecture) return false;
    return runsAs(name, subject.name, policy && findRule(policy, name));
  }

  /** What lies under the name that the next one is about to be kept under, and is about copies of which that says nothing. */
  neededBeside({ fingerprint, digests }: VerifiedFingerprint, file: string): Untrusted | undefined {
    const refused = this.#byFile.get(file);
    if (refused === undefined) return undefined;
    const isCovered = fingerprint.scope === undefined && refused.digests.every((d) => digests.includes(d));
    return isCovered ? undefined : refused;
  }

  /** It is kept under another name from now on. @returns the file that has to go for it */
  move(file: string, to: string): string | undefined {
    const refused = this.#byFile.get(file);
    if (refused === undefined) return undefined;
    this.#byFile.delete(file);
    this.#byFile.set(to, { ...refused, file: to });
    const earlier = this.files.filter((f) => f.startsWith(earlierName));
    const [oldest] = earlier;
    if (oldest === undefined || earlier.length <= this.#limit) return undefined;
    this.#byFile.delete(oldest);
    return oldest;
  }
}

/** Undefined for what is no fingerprint, or does not say what it is about. */
function readRefused(file: string, bytes: Uint8Array, code: string): Refused | undefined {
  return readable(() => {
    if (kindOfEnvelope(bytes) !== 'base') return undefined;
    const { payload } = open(bytes, [statementPayloadType]);
    const subjects = subjectsIn(payload);
    // One that needs a newer reader does not say here whose copies it is for: then it is about everybody's.
    const statement = readable(() => parseStatement(payload));
    return {
      code,
      fingerprint: `sha256:${sha256Hex(payload)}`,
      file,
      name: subjects[0].name,
      digests: subjects.map((s) => s.digest),
      scope: statement?.fingerprint.scope,
      platform: statement?.platform,
    };
  });
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}
