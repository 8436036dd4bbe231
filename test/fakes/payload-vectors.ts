import { readFileSync } from 'node:fs';

/** What any reader of a payload must say of it: `accepted`, or the code of the refusal. */
export interface PayloadVector {
  readonly name: string;
  readonly outcome: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** @param kind the file of test/vectors */
export function payloadVectors(kind: 'approval' | 'overlay' | 'statement'): readonly PayloadVector[] {
  const text = readFileSync(new URL(`../vectors/${kind}.json`, import.meta.url), 'utf8');
  return JSON.parse(text).map(({ name, outcome, sha256, payload }: Record<string, string>) => ({
    name,
    outcome,
    sha256,
    bytes: new Uint8Array(Buffer.from(payload ?? '', 'base64')),
  }));
}
