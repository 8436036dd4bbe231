import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePublicPem } from '../fingerprint/keys.ts';
import { learnerTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import { formatTimestamp } from '../fingerprint/timestamp.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { writeFile } from './write-file.ts';

/**
 * The first trust policy of an agent that runs beside its own collector: what that learned may alert here, and nobody
 * may have anything stopped. One that is there already is somebody's decision and is left as it is.
 */
export async function provideLocalTrust(dataDir: string, learnerKeyFile: string): Promise<void> {
  const directory = join(dataDir, 'agent');
  const file = join(directory, 'trust.json');
  if (existsSync(file)) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const learnerKey = parsePublicPem(await readFile(learnerKeyFile, 'utf8'));
  const policy = learnerTrustPolicy({ learnerKey, issuedAt: formatTimestamp(Date.now()) });
  const text = `${JSON.stringify(trustPolicyDocument(policy), null, 2)}\n`;
  await writeFile(file, text);
}
