import { expect, it } from 'vitest';
import { documentKind } from './document-kind.ts';

it.each([
  [{ format: 'whorl-baseline/v1' }, 'an unsigned baseline'],
  [{ format: 'other' }, undefined],
  [{ bomFormat: 'CycloneDX' }, 'an SBOM'],
  [{ spdxVersion: 'SPDX-2.3' }, 'an SBOM'],
  [{ keys: {}, rules: [] }, 'a trust policy'],
  [{ predicateType: 'x' }, 'an in-toto statement without a signature'],
  [{ mediaType: 'x', dsseEnvelope: {} }, 'a Sigstore bundle'],
  [{ payload: '', payloadType: '' }, 'a signed envelope'],
  [{ time: '', kind: '' }, 'a recorded event'],
  [[], undefined],
  [null, undefined],
  ['x', undefined],
])('calls %j %s', (value, kind) => expect(documentKind(value)).toBe(kind));
