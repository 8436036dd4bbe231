import { existsSync, readFileSync, statSync } from 'node:fs';
import { IdentityError } from './identity-error.ts';

/** What lets this node in when it has no certificate. */
export interface EnrolmentToken {
  readonly method: 'join-token' | 'kubernetes';
  readonly token: string;
}

/**
 * The token in a file: a join token that a person put there, else the projected service-account token of the pod.
 * @throws IdentityError when there is a file and it cannot be used
 */
export function tokenInFiles(joinTokenFile: string, projected: string): EnrolmentToken | undefined {
  if (joinTokenFile !== '' && existsSync(joinTokenFile)) {
    // It lets whoever reads it be this node.
    if ((statSync(joinTokenFile).mode & 0o077) !== 0)
      throw new IdentityError(
        'token-file',
        `${joinTokenFile} can be read by others than its owner; set its mode to 0600`,
      );
    return { method: 'join-token', token: read(joinTokenFile) };
  }
  return projected !== '' && existsSync(projected)
    ? { method: 'kubernetes', token: read(projected) }
    : undefined;
}

function read(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (/^[\x21-\x7e]{1,16384}$/.test(token)) return token;
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new IdentityError('token-file', `${file} cannot be read (${why})`, { cause });
  }
  throw new IdentityError('token-file', `${file} holds no token`);
}
