/** Why the spool cannot be used or written, with what to do. `no-space` passes: what is pending is kept and tried again. */
export class SpoolError extends Error {
  readonly code: 'no-space' | 'read-only' | 'not-a-directory' | 'io';
  constructor(code: SpoolError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SpoolError';
    this.code = code;
  }
}

export function toSpoolError(error: unknown, dir: string): SpoolError {
  if (error instanceof SpoolError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const cause = { cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new SpoolError(
        'no-space',
        `the disk of the spool ${dir} is full: free some space, or move the data directory`,
        cause,
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new SpoolError(
        'read-only',
        `the spool ${dir} cannot be written (${code}): give the agent's user write access`,
        cause,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new SpoolError(
        'not-a-directory',
        `the spool ${dir} is not a directory: move the file away or name another data directory`,
        cause,
      );
    default:
      return new SpoolError('io', `the spool ${dir} fails (${code}): check the disk`, cause);
  }
}
