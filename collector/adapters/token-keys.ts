import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import type { TokenProver } from '../ports/identities.ts';

/** What API servers sign service-account tokens with. */
const algorithms = ['RS256', 'ES256'];
/** Clocks of two machines. */
const toleranceSeconds = 30;

/** Checks tokens with the keys of their issuer that were stored: one collector serves clusters it cannot reach. */
export function tokenKeys(now: () => number): TokenProver {
  return {
    prove: async (token, { proof, audience }) => {
      if (proof.by !== 'keys') throw new Error('this cluster has no stored keys');
      try {
        const { payload } = await jwtVerify(token, createLocalJWKSet(keysOf(proof.jwks)), {
          issuer: proof.issuer,
          audience,
          algorithms,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: toleranceSeconds,
          currentDate: new Date(now()),
        });
        return { by: 'keys', claims: payload };
      } catch (error) {
        if (error instanceof errors.JWTExpired)
          return {
            refused: 'token-expired',
            sentence: 'the service-account token has expired; compare the clocks of both machines',
          };
        if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
          return {
            refused: 'token-audience',
            sentence: `the service-account token is not meant for ${audience}; set that as its audience`,
          };
        if (error instanceof errors.JOSEError)
          return {
            refused: 'token-unknown',
            sentence:
              'the service-account token is none of the issuer of this cluster; were its keys changed, add the cluster again',
          };
        throw error;
      }
    },
  };
}

/** Looked at when they were stored (core/issuer-keys.ts): jose refuses what is none. */
function keysOf(jwks: string): JSONWebKeySet {
  return JSON.parse(jwks) as JSONWebKeySet;
}
