import { printable } from '../../../fingerprint/printable.ts';
import type { BackupError } from '../../ports/backups.ts';
import type { IdentityError } from '../../ports/identities.ts';
import { Problem } from './problem.ts';

/** What was asked about agents and cannot be done. */
export function identityProblem(error: IdentityError): Problem {
  const sentence = printable(error.message, 500);
  switch (error.code) {
    case 'cluster-unknown':
      return new Problem('not-found', `${sentence}; GET /api/v1/clusters lists them`, { cause: error });
    case 'not-revoked':
      return new Problem('conflict', sentence, { cause: error });
    case 'bad-name':
    case 'bad-time':
    case 'bad-reason':
    case 'bad-keys':
      return new Problem('invalid', sentence, {
        errors: [{ field: 'body', message: sentence, fix: 'send it as it must be' }],
        cause: error,
      });
  }
}

export function backupProblem(error: BackupError): Problem {
  const sentence = printable(error.message, 500);
  switch (error.code) {
    case 'exists':
    case 'running':
      return new Problem('conflict', sentence, { cause: error });
    case 'unwritable':
    case 'disk-full':
      return new Problem('invalid', sentence, {
        errors: [{ field: 'body.out', message: sentence, fix: 'name a place with room that may be written' }],
        cause: error,
      });
    case 'not-a-backup':
    case 'damaged':
    case 'newer':
    case 'nothing':
      return new Problem('internal', sentence, { cause: error });
  }
}
