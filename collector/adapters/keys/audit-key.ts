import { noteKey, signCheckpoint, verifyCheckpoint } from '../../../fingerprint/checkpoint.ts';
import { FingerprintError } from '../../../fingerprint/errors.ts';
import type { CheckpointSigner } from '../../ports/audit.ts';
import { signingKey } from './signing-key.ts';

export interface AuditKey {
  /** SPKI PEM, for `whorl audit verify --key`. */
  readonly publicFile: string;
  readonly signer: CheckpointSigner;
}

/**
 * The key that signs checkpoints of the audit log, and nothing else: an order signed with it is none.
 * @param origin names the log: its key is one key for one log
 * @throws CollectorError
 */
export function auditKey(dir: string, origin: string): AuditKey {
  const { key, publicFile } = signingKey(dir, 'audit');
  return {
    publicFile,
    signer: {
      origin,
      key: noteKey(origin, key.publicKey),
      sign: (head) => signCheckpoint({ origin, ...head }, key),
      verify: (note) => {
        const head = verifyCheckpoint(Buffer.from(note), key.publicKey);
        if (head.origin === origin) return head;
        throw new FingerprintError('SCHEMA', 'is of another log', { field: 'origin' });
      },
    },
  };
}
