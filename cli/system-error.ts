import { CliError, exitCodes } from './exit.ts';

/** What the kernel says, in words, and what to do. Only what a user can meet; anything else is a defect and shows as one. */
const words: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  ENOTDIR: ['a part of the path is not a directory', 'check the path'],
  EISDIR: ['it is a directory, expected a file', 'name a file in it'],
  EACCES: ['permission denied', 'check the owner and mode, or run as the user who owns it'],
  EPERM: ['not permitted', 'check the owner and mode, or run as root'],
  EROFS: ['the file system is read-only', 'name a place that can be written, for example with --data-dir'],
  ENOSPC: ['the disk is full', 'free some space and run it again'],
  EDQUOT: ['the disk quota is used up', 'free some space and run it again'],
  ENAMETOOLONG: ['the name is too long', 'use a shorter path'],
  ELOOP: ['the path has too many symbolic links', 'check the path'],
  EMFILE: ['too many files are open', 'raise the limit with ulimit -n'],
  ENFILE: ['too many files are open on this machine', 'close some programs'],
  EADDRINUSE: ['the port or socket is in use', 'end what listens there or choose another port'],
  EADDRNOTAVAIL: ['the address is not of this machine', 'choose another address'],
  ECONNREFUSED: ['nothing answers there', 'check that it runs'],
  EIO: ['the device reports an error', 'look at the kernel log'],
  ERR_INVALID_ARG_VALUE: ['the name holds characters a path cannot have', 'check the path'],
};

/** @returns the sentence for an error of the operating system, undefined when `error` is something else */
export function explainSystemError(error: unknown, doing: string): CliError | undefined {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const known = words[error.code];
  if (known === undefined) return undefined;
  return new CliError(exitCodes.usage, `${doing}: ${known[0]}`, known[1], { cause: error });
}
