import { printable } from '../../../fingerprint/printable.ts';

/**
 * Why there is no connection, as the system said it. grpc-js 1.14 wraps that in words about its own channel (`No connection
 * established. Last error: … . Resolution note: …`), which say nothing to whoever reads a log.
 */
export function failureWords(details: string): string {
  const last = /^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note: ?/s.exec(
    details,
  )?.[1];
  return printable(last ?? details, 1024);
}
