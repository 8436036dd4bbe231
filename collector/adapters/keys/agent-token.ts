import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { CollectorError } from '../../ports.ts';
import { readKept, writeKept } from './kept-file.ts';

export interface AgentToken {
  /** What agents are given. May be moved away once they have it: the collector itself keeps only its hash. */
  readonly file: string;
  readonly matches: (presented: string) => boolean;
}

/**
 * The secret that lets an agent connect, made at first start: 256 random bits.
 * @throws CollectorError
 */
export function agentToken(dir: string): AgentToken {
  const file = join(dir, 'agent-token');
  const hashFile = join(dir, 'agent-token.sha256');
  const kept = readKept(hashFile, 0o600);
  const expected = kept === undefined ? make(file, hashFile) : parseHash(kept, hashFile);
  // Hashed before it is compared: equal length whatever was presented, and no prefix shows in the time it takes.
  return { file, matches: (presented) => timingSafeEqual(sha256(presented), expected) };
}

function make(file: string, hashFile: string): Buffer {
  const token = randomBytes(32).toString('base64url');
  // The token first: after a crash between the two both are made anew.
  writeKept(file, `${token}\n`, 0o600);
  writeKept(hashFile, `${sha256(token).toString('hex')}\n`, 0o600);
  return sha256(token);
}

function parseHash(text: string, file: string): Buffer {
  if (/^[0-9a-f]{64}\n?$/.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new CollectorError(
    'bad-file',
    `${file} holds no hash; remove it and ${file.replace('.sha256', '')} to make a new token`,
  );
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
