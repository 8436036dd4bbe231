import { CliError, exitCodes } from './exit.ts';
import { fileName } from './read-file.ts';

/** A third of the memory of the smallest machine a build runs on (8 GB); about eight million events. */
export const maxRecordingBytes = 2 ** 31;

export function tooMuch(file: string): CliError {
  return new CliError(
    exitCodes.usage,
    `with ${fileName(file)} the recording is larger than 2 GiB`,
    'learn from a part of it',
  );
}
