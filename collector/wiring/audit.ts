import { CommandSink } from '../adapters/checkpoint-sink-command.ts';
import { FileSink } from '../adapters/checkpoint-sink-file.ts';
import { auditKey } from '../adapters/keys/audit-key.ts';
import { Audit } from '../audit.ts';
import type { CollectorConfig } from '../config.ts';
import type { Wiring } from './wiring.ts';

export function openAudit(
  { auditSinks }: CollectorConfig,
  { dir, store, log, broadcast }: Omit<Wiring, 'audit'>,
  id: string,
): { readonly audit: Audit; readonly publicFile: string } {
  const { signer, publicFile } = auditKey(dir, `whorl.dev/collector/${id}`);
  const sinks = auditSinks.map((s) => (s.kind === 'file' ? new FileSink(s.path) : new CommandSink(s.argv)));
  const now = () => Date.now();
  const { tell } = broadcast;
  return {
    audit: new Audit({ store: store.audit, settings: store, signer, sinks, now, log, tell }),
    publicFile,
  };
}
