/**
 * What a parsed JSON document looks like, for the sentence that tells a person they named the wrong file. Undefined when
 * it looks like nothing of ours.
 */
export function documentKind(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const has = (name: string): boolean => Object.hasOwn(value, name);
  if (has('format') && Reflect.get(value, 'format') === 'whorl-baseline/v1') return 'an unsigned baseline';
  if (has('rules') && has('keys')) return 'a trust policy';
  if (has('predicateType')) return 'an in-toto statement without a signature';
  if (has('mediaType') && has('dsseEnvelope')) return 'a Sigstore bundle';
  if (has('payload') && has('payloadType')) return 'a signed envelope';
  if (has('bomFormat') || has('spdxVersion')) return 'an SBOM';
  if (has('time') && has('kind')) return 'a recorded event';
  return undefined;
}
