import type { PolicyRow, ResponsePolicyStore } from '../../ports/response-policy.ts';
import type { PolicyRecord } from './response-policy-table.ts';
import type { DatabaseThread } from './thread.ts';

/** Response policies as the collector sees them. The documents are read by whoever follows them. */
export class SqliteResponsePolicies implements ResponsePolicyStore {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  add({ version, document, author, reason, setAt }: PolicyRow): Promise<boolean> {
    return this.#thread.call('responsePolicyAdd', { version, document, author, reason, set_at_ms: setAt });
  }

  async version(version: number): Promise<PolicyRow | undefined> {
    const record = await this.#thread.call('responsePolicyVersion', version);
    return record === undefined ? undefined : rowOf(record);
  }

  async history({ before, limit }: { readonly before?: number; readonly limit: number }) {
    const most = before ?? Number.MAX_SAFE_INTEGER;
    return (await this.#thread.call('responsePolicyHistory', most, limit)).map(rowOf);
  }
}

function rowOf({ version, document, author, reason, set_at_ms }: PolicyRecord): PolicyRow {
  return { version, document, author, reason, setAt: set_at_ms };
}
