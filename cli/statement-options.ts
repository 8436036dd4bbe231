import type { StatementOptions } from '../fingerprint/statement.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { issuingMoment, momentOption } from './moment.ts';

interface Given {
  readonly issuedAt?: string;
  readonly expires?: string;
}

/** Where a statement stands in its sequence, as the command line says it. @throws CliError */
export function statementOptions(
  io: Io,
  [option, version]: readonly [option: string, text: string],
  { issuedAt: at, expires }: Given,
): Omit<StatementOptions, 'stream'> {
  const number = Number(version);
  if (!/^[1-9]\d*$/.test(version) || !Number.isSafeInteger(number))
    throw new CliError(exitCodes.usage, `${option} must be a whole number of at least 1`);
  const issuedAt = at === undefined ? issuingMoment(io) : momentOption('--issued-at', at);
  const expiresAt = expires === undefined ? undefined : momentOption('--expires', expires);
  if (expiresAt !== undefined && expiresAt <= issuedAt)
    throw new CliError(exitCodes.usage, `--expires must be later than the time of signing, ${issuedAt}`);
  return { version: number, issuedAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
