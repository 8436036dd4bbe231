import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import type { Baseline, Fingerprint } from '../fingerprint/fingerprint.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { uniteRemoved } from '../fingerprint/tombstones.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { type Beforehand, baselineOf } from './core/baselines.ts';
import { asBaseline } from './core/provisional-baseline.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { DriftStore } from './ports.ts';

type Store = Pick<DriftStore, 'predecessor' | 'provisional' | 'learned'>;

/** What is known of a workload before its copies have done anything: by the digest before, and by what people signed. */
export function beforehandOf(
  store: Store,
  fingerprints: Pick<Fingerprints, 'of' | 'refusal'>,
): (hash: string, workload: Workload) => Promise<Beforehand> {
  return async (hash, workload) => {
    const older = await store.predecessor(hash);
    const known = older === undefined ? undefined : await knownOf(store, older);
    // What a release did that was taken back is no inheritance of the next.
    const isRefused = known !== undefined && fingerprints.refusal({ ...workload, subject: known.subject });
    const previous = isRefused ? undefined : known;
    const earlier = previous === undefined ? [] : fingerprints.of({ ...workload, subject: previous.subject });
    const signed = [...fingerprints.of(workload), ...earlier];
    const removed = signed.flatMap((f) => f.removed ?? []);
    return {
      ...(previous === undefined ? {} : { previous }),
      ...(removed.length === 0 ? {} : { removed: uniteRemoved(...removed) }),
      exercises: signed.flatMap((f) => f.representativeness ?? []),
    };
  };
}

/** What is in force of it where something is: what drifted afterwards was reported by nobody, or must not be inherited. */
async function knownOf(store: Store, hash: string): Promise<Baseline | undefined> {
  const row = await store.provisional(hash);
  if (row !== undefined) return asBaseline(fingerprintIn(row.envelope));
  const learned = await store.learned(hash);
  return learned === undefined ? undefined : baselineOf(learned);
}

/** What an envelope of our own says. It was checked when it was taken in. */
export function fingerprintIn(envelope: Uint8Array): Fingerprint {
  return parseStatement(open(envelope, [statementPayloadType]).payload).fingerprint;
}
