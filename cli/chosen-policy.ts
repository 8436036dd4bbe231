import { newTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { issuingMoment } from './moment.ts';
import { readTrustPolicy } from './policy-file.ts';
import { fileName } from './read-file.ts';

interface TrustOptions {
  readonly trust?: string;
  readonly key?: string;
}

/** Whom to believe, as the command line says it: this site's policy, or one key. @throws CliError */
export async function chosenPolicy(io: Io, options: TrustOptions): Promise<TrustPolicy> {
  const { trust, key } = options;
  if (trust !== undefined && key === undefined) return readTrustPolicy(io, trust);
  if (key !== undefined && trust === undefined) return policyForKey(io, key);
  throw new CliError(
    exitCodes.usage,
    'whom to believe is not clear',
    'give --trust POLICY.json or --key VENDOR.pub',
  );
}

/** A key alone says who signed, not who may: enough to alert, never to stop anything. */
async function policyForKey(io: Io, path: string): Promise<TrustPolicy> {
  const signer = await readPublicKey(io, path);
  return about(
    fileName(path),
    () =>
      newTrustPolicy({
        signer,
        owner: fileName(path),
        image: '**',
        maxMode: 'alert',
        issuedAt: issuingMoment(io),
      }),
    exitCodes.trust,
  );
}
