import { sha256Hex } from './digest.ts';
import type { Drift, Incident } from './incident.ts';
import type { Workload } from './workload.ts';

/** What a canary does: harmless, drawn at random, seen by different parts of a source. */
export const canaryActs = ['exec', 'open', 'connect'] as const;
export type CanaryAct = (typeof canaryActs)[number];

/** One silence test (DESIGN §4): an act that no fingerprint knows, marked by a word nobody could know before. */
export interface Canary {
  /** Words of syllables: it stands as it is where numbers and tokens become placeholders. */
  readonly nonce: string;
  readonly act: CanaryAct;
}

export const canaryNonce = /^[a-z]{4}(-[a-z]{4}){4}$/;

const name = 'whorl/canary';

/** What canaries are done as: a workload of no image, in Whorl's own namespace, where nothing is ever stopped. */
export function canaryWorkload(cluster: string): Workload {
  return {
    cluster,
    namespace: 'whorl-system',
    owner: name,
    container: 'canary',
    role: 'main',
    subject: { name, digest: `sha256:${sha256Hex(new TextEncoder().encode(name))}` },
  };
}

export function isCanaryWorkload(workload: Workload): boolean {
  const { namespace, owner, subject } = workload;
  const canary = canaryWorkload(workload.cluster);
  return (
    namespace === canary.namespace &&
    owner === canary.owner &&
    subject.name === canary.subject.name &&
    subject.digest === canary.subject.digest
  );
}

/**
 * Whether an incident is the canary that was announced and nothing besides. `part`: its own, but the act itself is not
 * in it yet. Whatever else happens as this workload (somebody else in its cgroup) is an incident like any other: a
 * canary hides nothing.
 */
export function isTheCanary({ nonce, act }: Canary, incident: Incident): 'no' | 'part' | 'whole' {
  const { workload, drifts, more } = incident;
  const isMarked = (drift: Drift): boolean => drift.subject.includes(nonce);
  const isAct = (drift: Drift): boolean =>
    act === 'connect' ? isLoopback(drift) : drift.kind === act && isMarked(drift);
  const isOwn = (drift: Drift): boolean =>
    isMarked(drift) || (act === 'connect' && isLoopback(drift)) || isReading(drift);
  if (!isCanaryWorkload(workload) || more > 0 || !drifts.some(isMarked) || !drifts.every(isOwn)) return 'no';
  return drifts.some(isAct) ? 'whole' : 'part';
}

function isLoopback({ kind, subject }: Drift): boolean {
  return kind === 'connect' && subject.startsWith('localhost:');
}

/** Which files a shell reads as it starts differs from one system to the next. */
function isReading({ kind, because, severity }: Drift): boolean {
  return kind === 'open' && because === 'new-file' && severity === 'low';
}
