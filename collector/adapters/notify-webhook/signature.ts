import { createHmac } from 'node:crypto';
import { CollectorError } from '../../ports.ts';
import { readKept } from '../keys/kept-file.ts';

/** During a rotation the old and the new one; more are a file that is something else. */
const maxSecrets = 8;
const [minBytes, maxBytes] = [24, 64];

/**
 * Secrets of a webhook, one a line, the newest first: `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks).
 * @throws CollectorError that names the file and never what is in it
 */
export function readSecrets(file: string): readonly Buffer[] {
  const text = readKept(file, 0o600);
  if (text === undefined) throw bad(file, 'there is no such file');
  const lines = text.split(/\s+/).filter((line) => line !== '');
  if (lines.length === 0 || lines.length > maxSecrets)
    throw bad(file, `must hold 1 to ${maxSecrets} secrets, one a line`);
  return lines.map((line, i) => {
    const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(line)?.[1] ?? '';
    const secret = Buffer.from(encoded, 'base64');
    if (secret.length >= minBytes && secret.length <= maxBytes) return secret;
    throw bad(
      file,
      `line ${i + 1} must be whsec_ and base64 of ${minBytes} to ${maxBytes} random bytes; make one with: echo "whsec_$(openssl rand -base64 32)"`,
    );
  });
}

function bad(file: string, what: string): CollectorError {
  return new CollectorError('bad-file', `${file}: ${what}`);
}

/** The signatures of one message, each by one secret: a receiver that knows any of them believes it. */
export function signatures(secrets: readonly Buffer[], id: string, seconds: number, body: string): string {
  return secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')}`)
    .join(' ');
}
