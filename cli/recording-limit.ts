import { CliError, exitCodes } from './exit.ts';

/** A third of the memory of the smallest machine a build runs on (8 GB); about eight million events. */
export const maxRecordingBytes = 2 ** 31;

/** @param what was read when the limit was passed */
export function tooMuch(what: string): CliError {
  return new CliError(
    exitCodes.usage,
    `with ${what} the recording is larger than 2 GiB`,
    'learn from a part of it',
  );
}
