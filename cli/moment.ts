import { formatSeconds, parseTime } from '../fingerprint/time.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/** A time given on the command line, in whole seconds as signed documents have them. @throws CliError */
export function momentOption(option: string, text: string): string {
  const micros = parseTime(text);
  if (micros !== undefined) return formatSeconds(micros);
  throw new CliError(exitCodes.usage, `${option} must be a time such as 2026-05-01T08:00:00Z`);
}

/** Now, or what SOURCE_DATE_EPOCH says it is, so that a build can be repeated to the byte. @throws CliError */
export function issuingMoment(io: Io): string {
  const epoch = io.env.SOURCE_DATE_EPOCH;
  if (epoch === undefined || epoch === '') return formatSeconds(io.now() * 1000);
  if (!/^\d{1,11}$/.test(epoch)) {
    throw new CliError(exitCodes.usage, 'SOURCE_DATE_EPOCH must be whole seconds since 1970');
  }
  return formatSeconds(Number(epoch) * 1_000_000);
}
