import { CliError, exitCodes } from './exit.ts';

/** What `--reason` said. @throws CliError when it said nothing: every change is on record with why */
export function reasonOf({ reason }: { readonly reason?: string }): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new CliError(exitCodes.usage, 'why is not said', 'add --reason TEXT; it is kept with the change');
}
