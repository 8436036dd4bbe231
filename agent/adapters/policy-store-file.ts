import { readFile } from 'node:fs/promises';
import { decodeBase64, encodeBase64 } from '../../fingerprint/base64.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { Fields } from '../../fingerprint/fields.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { KeptPolicy, PolicyStore } from '../ports/kept.ts';
import { replaceFile } from './disk/replace-file.ts';

/** Above all versions the desk keeps, of the size policies have; a file beyond it is not ours. */
const maxBytes = 256 * 1024 * 1024;
const maxEntries = 4096;

/**
 * Trust policies that came by wire, in one small JSON file. What cannot be read is an error and not an empty list:
 * without it, what was revoked would count again.
 */
export function policyStoreFile(path: string): PolicyStore {
  return {
    load: async () => {
      const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined;
        throw damaged(path, `cannot be read (${cause.code})`, cause);
      });
      return bytes === undefined ? [] : read(bytes, path);
    },
    save: async (policies) => {
      const document = policies.map(({ acceptedAt, envelope }) => ({
        acceptedAt,
        envelope: encodeBase64(envelope),
      }));
      await replaceFile(path, JSON.stringify({ policies: document })).catch(
        (cause: NodeJS.ErrnoException) => {
          throw damaged(path, `cannot be written (${cause.code})`, cause);
        },
      );
    },
  };
}

function read(bytes: Uint8Array, path: string): KeptPolicy[] {
  try {
    const fields = new Fields(parseJson(bytes, { bytes: maxBytes }), '', 'STATE_IO');
    return fields.list('policies', maxEntries).map((entry, i) => {
      const kept = new Fields(entry, `policies[${i}]`, 'STATE_IO');
      const encoded = kept.raw('envelope');
      if (typeof encoded !== 'string') return kept.fail('envelope', 'must be base64 text');
      return { acceptedAt: kept.integer('acceptedAt', 0), envelope: decodeBase64(encoded, 'envelope') };
    });
  } catch (cause) {
    if (!(cause instanceof FingerprintError)) throw cause;
    throw damaged(
      path,
      'is damaged; bring it back from a copy, or move it away and push the policy again',
      cause,
    );
  }
}

function damaged(path: string, what: string, cause: unknown): FingerprintError {
  return new FingerprintError('STATE_IO', `${path} ${what}`, { cause });
}
