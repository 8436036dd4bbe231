import { parseJson } from '../../fingerprint/strict-json.ts';

const maxBytes = 65_536;
const maxKeys = 32;

/**
 * Whether these are the public keys of a token issuer: RSA and P-256 alone. A secret one among them would let whoever
 * reads the collector's database make tokens.
 *
 * @returns a sentence when they are not
 */
export function issuerKeysProblem(jwks: string): string | undefined {
  const keys = keysOf(jwks);
  if (keys === undefined) return 'the issuer keys are no JWKS: an object with a list of keys';
  if (keys.length === 0 || keys.length > maxKeys) return `the issuer keys must be 1 to ${maxKeys}`;
  for (const key of keys) {
    const [type, curve] = [member(key, 'kty'), member(key, 'crv')];
    if (type !== 'RSA' && !(type === 'EC' && curve === 'P-256'))
      return 'the issuer keys must be RSA or P-256 keys';
    if (member(key, 'd') !== undefined || member(key, 'k') !== undefined)
      return 'the issuer keys hold a secret key; give the public ones alone, as /openid/v1/jwks tells them';
  }
  return undefined;
}

function keysOf(jwks: string): readonly unknown[] | undefined {
  if (jwks.length > maxBytes) return undefined;
  try {
    const keys = member(parseJson(Buffer.from(jwks)), 'keys');
    return Array.isArray(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function member(from: unknown, key: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, key)
    ? Reflect.get(from, key)
    : undefined;
}
