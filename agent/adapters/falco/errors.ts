import { printable } from '../../../fingerprint/printable.ts';
import { SourceError } from '../../ports/source.ts';

/** Why a way in cannot be opened, in a sentence that says what to do. */
export function cannot(
  what: string,
  path: string,
  cause: unknown,
  hints: Readonly<Record<string, string>>,
): SourceError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = hints[code] ?? (cause instanceof Error ? printable(cause.message) : printable(String(cause)));
  const isOurs = code === 'EACCES' || code === 'EPERM';
  return new SourceError(isOurs ? 'no-permission' : 'unreachable', `${what} ${printable(path)}: ${why}`, {
    cause,
  });
}

export const pathHints = {
  ENOENT: 'its directory does not exist; make it, or say with sourceAddress where Falco writes',
  ENOTDIR: 'its directory is none; say with sourceAddress where Falco writes',
  EACCES: 'this user may not open it; run the agent as root, or let its group',
  EPERM: 'this user may not open it; run the agent as root, or let its group',
  EROFS: 'its directory cannot be written to; mount it writable, or choose another',
} as const;
