import type { ApprovedFingerprint } from '../../../fingerprint/approval.ts';
import { canonicalBytes } from '../../../fingerprint/canonical.ts';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import { commandPayloadType, open, seal, statementPayloadType } from '../../../fingerprint/envelope.ts';
import type { Baseline } from '../../../fingerprint/fingerprint.ts';
import { type OverlayContent, overlayBytes } from '../../../fingerprint/overlay.ts';
import { approvalBytes } from '../../../fingerprint/parse-approval.ts';
import { statementBytes } from '../../../fingerprint/statement.ts';
import { predicateType } from '../../../fingerprint/statement-frame.ts';
import type { StatementOptions } from '../../../fingerprint/statement-options.ts';
import { formatTimestamp } from '../../../fingerprint/timestamp.ts';
import { id, type Person, people, policyBy, siteDocument } from '../../fakes/evil-trust.ts';

const day = 86_400_000;
export const at = (ms: number): string => formatTimestamp(Date.now() + ms);

/** What an evil collector has at hand: what was really learned of two services, and every key but the right one. */
export interface Loot {
  readonly mine: Baseline;
  readonly theirs: Baseline;
}

type Options = Partial<StatementOptions>;

/** Documents about the service, each signed by whoever is named: genuine ones and others. */
export class Documents {
  readonly #loot: Loot;
  constructor(loot: Loot) {
    this.#loot = loot;
  }

  get mine(): Baseline {
    return this.#loot.mine;
  }

  fingerprint(options: Options = {}, from = this.mine, ...by: readonly Person[]): Uint8Array {
    return sealed(
      statementBytes(from, this.#options({ stream: 'stable', version: 7, ...options })),
      by,
      'vendor',
    );
  }

  overlay(content: Partial<OverlayContent>, options: Options = {}, ...by: readonly Person[]): Uint8Array {
    const { subject } = this.mine;
    const whole = { subject, base: this.honest, bindings: nothingBound, reason: 'OPS-17', ...content };
    return sealed(
      overlayBytes(whole, this.#options({ stream: 'site', version: 3, ...options })),
      by,
      'overlayer',
    );
  }

  approval(
    item: Partial<ApprovedFingerprint> | undefined,
    options: Options = {},
    ...by: readonly Person[]
  ): Uint8Array {
    const image = this.mine.subject;
    const whole = { image, fingerprint: this.honest, mode: 'kill', carry: 'digest', ...item } as const;
    const items = item === undefined ? [] : [whole];
    const payload = approvalBytes(
      { items, reason: 'OPS-18' },
      this.#options({ stream: 'site', version: 5, ...options }),
    );
    return sealed(payload, by, 'approver');
  }

  /** The content of another kind, signed as if it were a whole fingerprint. */
  relabelled(kind: 'overlay' | 'approval', ...by: readonly Person[]): Uint8Array {
    const from = kind === 'overlay' ? this.overlay({}) : this.approval({});
    const statement = JSON.parse(Buffer.from(open(from, [statementPayloadType]).payload).toString());
    const posing = {
      ...statement,
      predicateType,
      predicate: { ...statement.predicate, kind: 'base', version: 8 },
    };
    return sealed(canonicalBytes(posing), by, 'vendor');
  }

  policy(more: object, ...by: readonly Person[]): Uint8Array {
    return policyBy(this.site(more), ...(by.length === 0 ? (['root1', 'root2'] as const) : by));
  }

  /** The site's own policy; what was taken back on the first day stands in each version. */
  site(more: object = {}): Record<string, unknown> {
    return siteDocument(this.mine.subject.name, this.#loot.theirs.subject.name, {
      issuedAt: this.#yesterday,
      revoked: this.revoked(),
      ...more,
    });
  }

  /** What the policy takes back from the first day on. @param keys besides, by person */
  revoked(keys: Partial<Record<Person, object>> = {}): object {
    const lost = { left: { at: this.#yesterday, reason: 'laptop lost' }, ...keys };
    return {
      keys: Object.fromEntries(Object.entries(lost).map(([name, entry]) => [id(name as Person), entry])),
      payloads: { [digestOf(this.withdrawn)]: { reason: 'learned during incident 42' } },
      minVersions: { pinned: 9 },
    };
  }

  /** Which the policy takes back by its digest. */
  get withdrawn(): Uint8Array {
    return this.fingerprint({ stream: 'withdrawn', issuedAt: '2026-01-01T00:00:00Z' });
  }

  /** `sha256:HEX` of the genuine fingerprint. */
  get honest(): string {
    return digestOf(this.fingerprint());
  }

  /** Once, so that the same document is the same bytes. */
  readonly issuedAt = at(-60_000);
  readonly #yesterday = at(-day);

  #options(given: Options & Pick<StatementOptions, 'stream' | 'version'>): StatementOptions {
    return { issuedAt: this.issuedAt, ...given };
  }
}

const nothingBound = { sites: new Map(), volumes: new Map() } as const;

function digestOf(envelope: Uint8Array): string {
  return `sha256:${sha256Hex(open(envelope, [statementPayloadType]).payload)}`;
}

function sealed(payload: Uint8Array, by: readonly Person[], otherwise: Person): Uint8Array {
  const signers = by.length === 0 ? [otherwise] : by;
  return seal(
    statementPayloadType,
    payload,
    signers.map((name) => people[name]),
  );
}

/** An envelope with something changed after it was signed. */
export function tampered(
  envelope: Uint8Array,
  change: (document: Record<string, unknown>) => void,
): Uint8Array {
  const document: Record<string, unknown> = JSON.parse(Buffer.from(envelope).toString());
  change(document);
  return canonicalBytes(document);
}

/** Signs an order whatever it says: the signer of the product refuses to sign what no agent would read. */
export function forgedOrder(order: object, by: Person = 'commander', type = commandPayloadType): Uint8Array {
  return seal(type, canonicalBytes(order), [people[by]]);
}
