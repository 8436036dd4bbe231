import { parseAuditEntry } from '../fingerprint/audit-entry.ts';
import { formatExportHeader, formatExportLine } from '../fingerprint/audit-export.ts';
import { formatAuditProof } from '../fingerprint/audit-proof.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { AuditCheckpoints, type CheckpointsOptions } from './audit-checkpoints.ts';
import { AuditPublisher } from './audit-publisher.ts';
import { type AuditNote, auditRecord } from './core/audit-entry.ts';
import type { AuditFilter, AuditLog, AuditRow, AuditState, CheckpointSink } from './ports/audit.ts';

export interface AuditOptions extends Omit<CheckpointsOptions, 'publishers'> {
  readonly sinks: readonly CheckpointSink[];
}

/** Entries that are read at a time for an export. */
const pageSize = 500;

/** The log of what people and the collector did, in which nothing can be changed afterwards without being seen. */
export class Audit implements AuditLog {
  readonly #options: AuditOptions;
  readonly #publishers: readonly AuditPublisher[];
  readonly #checkpoints: AuditCheckpoints;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#publishers = options.sinks.map((sink) => new AuditPublisher(sink, options.log, options.tell));
    this.#checkpoints = new AuditCheckpoints({ ...options, publishers: this.#publishers });
  }

  /** @throws StoreError when it cannot be stored: what was to be recorded must not be done then */
  async record(note: AuditNote): Promise<number> {
    const [seq] = await this.#options.store.append([auditRecord(note, this.#options.now())]);
    return seq ?? 0;
  }

  /** The first entries of a run: what runs, and where checkpoints go when that is new. A full disk is waited out. */
  started(detail: object): Promise<void> {
    return this.#told(() => this.#started(detail));
  }

  async #started(detail: object): Promise<void> {
    const { settings, sinks } = this.#options;
    await this.record({ type: 'collector-started', author: 'collector', detail });
    const [before, after] = [await settings.setting('audit-sinks'), JSON.stringify(sinks.map((s) => s.name))];
    if (after === (before ?? '[]')) return;
    const change = { before: JSON.parse(before ?? '[]'), after: JSON.parse(after) };
    await this.record({ type: 'sink-changed', author: 'collector', detail: change });
    await settings.saveSetting('audit-sinks', after);
  }

  /** Called every second. */
  look(): Promise<void> {
    return this.#told(() => this.#checkpoints.look());
  }

  close(): Promise<void> {
    return this.#told(() => this.#checkpoints.close());
  }

  /** A log that cannot be written is told by whoever could not record; it is no reason to stop watching. */
  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (err) {
      this.#options.log.error({ err }, 'the audit log could not be written or read');
    }
  }

  /** For status and metrics. */
  async state(): Promise<AuditState> {
    const size = await this.#options.store.size();
    return { size, ...this.#checkpoints.state, sinks: this.#publishers.map((p) => p.state) };
  }

  entries(filter: AuditFilter): Promise<readonly AuditRow[]> {
    return this.#options.store.entries(filter);
  }

  /** The last that was signed. To ask for it signs none: whoever may read must not set the pace of signing. */
  checkpoint(): Promise<string | undefined> {
    return this.#checkpoints.signed();
  }

  /** @returns false when the log is what it was */
  acceptFork(by: { readonly author: string; readonly reason: string }): Promise<boolean> {
    return this.#checkpoints.acceptFork((mismatch) =>
      this.record({ type: 'fork-accepted', ...by, detail: { mismatch } }),
    );
  }

  /** Takes what entries before a time say away for ever, in one commit with the record of it. */
  erase(
    before: number,
    by: { readonly author: string; readonly reason: string },
  ): Promise<{ readonly seq: number; readonly erased: number }> {
    const record = auditRecord({ type: 'body-erased', ...by, detail: {} }, this.#options.now());
    return this.#options.store.erase(before, record);
  }

  /**
   * The lines of an export (fingerprint/audit-export.ts), as far as the checkpoint in its header.
   * @param since ms since the Unix epoch: from the first entry of this time or later on
   */
  async *export(since?: number): AsyncGenerator<string> {
    const { store, signer } = this.#options;
    const { size, root, note } = await this.#checkpoints.current();
    const [from] = since === undefined ? [] : await store.entries({ since, limit: 1 });
    const first = since === undefined ? 0 : Math.min(from?.seq ?? size, size);
    const peaks = await store.peaks(first);
    yield formatExportHeader({
      origin: signer.origin,
      key: signer.key,
      size,
      root,
      checkpoint: note,
      first,
      peaks,
    });
    for (let at = first; at < size; ) {
      const rows = await store.entries({ from: at, limit: Math.min(pageSize, size - at) });
      for (const { seq, leaf, body } of rows) if (seq < size) yield formatExportLine(seq, leaf, body);
      // An entry that somebody removed leaves a hole: the export shows it, and goes on behind it.
      at = (rows.at(-1)?.seq ?? size) + 1;
    }
  }

  /**
   * A document that proves one entry (fingerprint/audit-proof.ts), as canonical JSON: the bytes of the entry stand in it as
   * they were hashed. @returns undefined when no checkpoint covers such an entry
   */
  async prove(seq: number): Promise<string | undefined> {
    const { size, note } = await this.#checkpoints.current();
    const [row] = await this.#options.store.entries({ from: seq, limit: 1 });
    if (row?.seq !== seq || seq >= size || note === '') return undefined;
    const proof = await this.#options.store.inclusion(seq, size);
    const { leaf, body } = row;
    const entry = body === undefined ? {} : { entry: parseAuditEntry(parseJson(Buffer.from(body)), 'entry') };
    return formatAuditProof({ seq, leaf, proof, checkpoint: note, ...entry });
  }
}
