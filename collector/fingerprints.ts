import type { ApprovedFingerprint, SiteApproval } from '../fingerprint/approval.ts';
import { holdsFor } from '../fingerprint/approved-item.ts';
import { type ErrorCode, FingerprintError } from '../fingerprint/errors.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { verifyPolicyChain } from '../fingerprint/policy-chain.ts';
import { inScope } from '../fingerprint/scope.ts';
import type { DocumentKind } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { isOver } from '../fingerprint/validity.ts';
import { highestMode, type Mode } from '../fingerprint/verdict.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyApproval } from '../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import type { Subject, Workload } from '../fingerprint/workload.ts';
import type { AgentLink, DriftStore } from './ports.ts';
import { Refusals } from './refusals.ts';
import { readSigned, type SignedDocument } from './signed-document.ts';

export interface FingerprintsOptions {
  readonly store: Pick<DriftStore, 'fingerprints' | 'saveFingerprint'>;
  /** Checked before a document is handed out, when the site has given one. What is in force is for each agent to say. */
  readonly trust: TrustPolicy | undefined;
  readonly now: () => number;
}

export interface Added {
  readonly kind: DocumentKind;
  readonly digest: string;
  /** Images it is about; none for a trust policy, or for an approval that takes everything back. */
  readonly subjects: readonly Subject[];
}

/**
 * Each is worth something only under what stands before it; what an approval names a node keeps when something newer takes
 * its place, so that comes first.
 */
const order: readonly DocumentKind[] = ['trust-policy', 'approval', 'base', 'overlay'];

/**
 * What people signed and the collector hands out: trust policies, fingerprints, what sites add to them and what they
 * approve. It cannot make one; it can only withhold one.
 */
export class Fingerprints {
  readonly #options: FingerprintsOptions;
  readonly #documents = new Map<string, SignedDocument>();
  #trust: TrustPolicy | undefined;
  #changes = 0;
  readonly #refusals = new Refusals();

  constructor(options: FingerprintsOptions) {
    this.#options = options;
    this.#trust = options.trust;
  }

  async restore(): Promise<void> {
    const kept = (await this.#options.store.fingerprints()).flatMap(readable);
    for (const document of kept) this.#documents.set(document.digest, document);
    for (const document of this.#inOrder()) if (document.kind === 'trust-policy') this.#follow(document);
    this.#refusals.under(this.#trust, this.#documents.values(), this.#options.now());
  }

  /**
   * Why what people signed for a workload is refused by the collector's own policy; undefined while any of it holds, or when
   * it has no policy. What such a workload does must not become normal: whoever tells of it has not got the policy yet, or
   * a person wants it learned anew, and signs it.
   */
  refusal(workload: Workload): ErrorCode | undefined {
    if (this.#refusals.isNone) return undefined;
    const about = this.#about(workload).toSorted((a, b) => b.version - a.version);
    const codes = about.map(({ digest }) => this.#refusals.of(digest));
    return codes.includes(undefined) ? undefined : codes[0];
  }

  /** What was signed for this workload's image and does not belong to copies of somebody else. */
  of(workload: Workload): readonly Fingerprint[] {
    return this.#about(workload).map((d) => d.statement.fingerprint);
  }

  /** Whether it hands out a document of this digest that is about this workload's image. */
  isAbout(digest: string, { subject }: Workload): boolean {
    const document = this.#documents.get(digest);
    // An overlay is about all digests of its fingerprint, such as those of the platforms of one image.
    const base = document?.kind === 'overlay' ? this.#documents.get(document.overlay.base) : document;
    const others = base?.kind === 'base' ? base.statement.digests : [];
    return (document?.subjects ?? []).some(
      (s) => s.name === subject.name && (s.digest === subject.digest || others.includes(subject.digest)),
    );
  }

  get counts(): Readonly<Record<DocumentKind, number>> {
    const all = [...this.#documents.values()];
    const of = (kind: DocumentKind): number => all.filter((d) => d.kind === kind).length;
    return {
      'trust-policy': of('trust-policy'),
      base: of('base'),
      overlay: of('overlay'),
      approval: of('approval'),
    };
  }

  /** @throws FingerprintError */
  async add(envelope: Uint8Array): Promise<Added> {
    const { store, now } = this.#options;
    const document = readSigned(envelope);
    const { kind, digest, subjects } = document;
    const trust = this.#trustAfter(document);
    await store.saveFingerprint(digest, envelope, now());
    this.#documents.set(digest, document);
    this.#changes += 1;
    this.#trust = trust;
    this.#refusals.under(trust, this.#documents.values(), now());
    return { kind, digest, subjects };
  }

  /** How often what is handed out has changed: whoever keeps what follows from it looks at this. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * The most that people approved for a workload's image, carried over from another digest of the repository too; undefined
   * when nobody did. What holds on a node it says itself: this only spares asking those where nothing can.
   */
  approvedMode(workload: Workload): Mode | undefined {
    const now = this.#options.now();
    const about = ({ image, scope, carry }: ApprovedFingerprint): boolean =>
      image.name === workload.subject.name &&
      (image.digest === workload.subject.digest || carry !== 'digest') &&
      holdsFor(scope, workload);
    const given = this.#newest()
      .flatMap((d) => (d.kind === 'approval' && !isOver(d.approval.expiresAt, now) ? d.approval.items : []))
      .filter(about)
      .map(({ mode }) => mode);
    const [first, ...others] = given;
    return first === undefined ? undefined : highestMode(first, ...others);
  }

  /** What people have said about a workload, in their words: what is in force is for its agents to say. */
  describe(workload: Workload): object {
    const newest = this.#about(workload).toSorted((a, b) => b.version - a.version)[0];
    if (newest === undefined) return {};
    const { digest, version } = newest;
    const decisions = this.#newest().flatMap((d) => (d.kind === 'approval' ? [d.approval] : []));
    const about = (item: ApprovedFingerprint): boolean => item.fingerprint === digest;
    const decided = decisions.find(({ items }) => items.some(about));
    const mode = decided?.items.find(about)?.mode;
    const refused = this.refusal(workload);
    return {
      signed: { digest, version, ...(refused === undefined ? {} : { refused }) },
      ...(decided === undefined ? {} : { approved: { mode, ...wordsOf(decided) } }),
    };
  }

  /**
   * In an order in which each can be taken up at once. An agent that has seen older versions needs no more of them; one that
   * is new gets those too that an approval names: what replaced them is compared with them.
   */
  sendAll(link: Pick<AgentLink, 'fingerprint' | 'hello'>): void {
    const isNew = link.hello.acked === 0;
    const newest = new Set(this.#newest());
    for (const document of this.#inOrder()) {
      if (this.#isOver(document)) continue;
      const isDue = newest.has(document) || (isNew && this.#isApproved(document));
      if (isDue || document.kind === 'trust-policy') link.fingerprint(document.envelope);
    }
  }

  #about({ subject, ...scope }: Workload): Extract<SignedDocument, { kind: 'base' }>[] {
    return [...this.#documents.values()]
      .filter((d) => d.kind === 'base')
      .filter(({ statement: { fingerprint, digests } }) => {
        const isIt = fingerprint.subject.name === subject.name && digests.includes(subject.digest);
        return isIt && inScope(fingerprint.scope, { subject, ...scope });
      });
  }

  /** What a site added or approved until a date, every agent would refuse. A fingerprint goes on judging. */
  #isOver(document: SignedDocument): boolean {
    const now = this.#options.now();
    if (document.kind === 'overlay') return isOver(document.overlay.expiresAt, now);
    return document.kind === 'approval' && isOver(document.approval.expiresAt, now);
  }

  #isApproved({ digest }: SignedDocument): boolean {
    return [...this.#documents.values()].some(
      (d) => d.kind === 'approval' && d.approval.items.some((item) => item.fingerprint === digest),
    );
  }

  #inOrder(): SignedDocument[] {
    return [...this.#documents.values()].sort(
      (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.version - b.version,
    );
  }

  /** Of each sequence. */
  #newest(): SignedDocument[] {
    return [...new Map(this.#inOrder().map((d) => [`${d.kind}\n${d.stream}`, d])).values()];
  }

  /** Whatever can be checked here. @returns by what the next document is checked @throws FingerprintError */
  #trustAfter({ kind, envelope, digest }: SignedDocument): TrustPolicy | undefined {
    const trust = this.#trust;
    if (trust === undefined) return undefined;
    const context = { now: this.#options.now() };
    switch (kind) {
      case 'base':
        verifyFingerprint(envelope, trust, context);
        return trust;
      case 'overlay':
        verifyOverlay(envelope, trust, context);
        return trust;
      case 'approval':
        verifyApproval(envelope, trust, context);
        return trust;
      case 'trust-policy':
        return this.#documents.has(digest) ? trust : verifyPolicyChain(envelope, trust, context.now);
    }
  }

  /** What was taken in is followed again, as far as it leads on from the file of today. */
  #follow({ envelope }: SignedDocument): void {
    if (this.#trust === undefined) return;
    try {
      this.#trust = verifyPolicyChain(envelope, this.#trust, this.#options.now());
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
    }
  }
}

/** What this release cannot read its agents could not either. */
function readable(envelope: Uint8Array): SignedDocument[] {
  try {
    return [readSigned(envelope)];
  } catch (error) {
    if (error instanceof FingerprintError) return [];
    throw error;
  }
}

function wordsOf({ reason, expiresAt, version }: SiteApproval): object {
  return { reason, version, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
