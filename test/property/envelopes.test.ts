import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { open, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { hostile, readerNames, readers, trusted } from '../fakes/mutants/documents.ts';
import { mutationNames } from '../fakes/mutants/mutate.ts';
import { Trials } from '../fakes/mutants/trial.ts';

/** The fixed share of test/e2e/mutated-envelopes.test.ts that every check runs. */
const mutants = 20_000;
const seed = 20_260_501;

describe('the documents that are mutated', () => {
  const accepts = (reader: (typeof readerNames)[number], bytes: Uint8Array): boolean => {
    try {
      readers[reader](bytes);
      return true;
    } catch (error) {
      if (error instanceof FingerprintError) return false;
      throw error;
    }
  };

  it.each(trusted)('$name is accepted by those it was signed for, and by nobody else', (document) => {
    expect(readerNames.filter((reader) => accepts(reader, document.bytes))).toEqual(document.readers);
  });

  it.each(hostile)('$name is accepted by nobody', ({ bytes }) => {
    expect(readerNames.filter((reader) => accepts(reader, bytes))).toEqual([]);
  });
});

describe('the trials themselves', () => {
  const under = (fingerprint: typeof readers.fingerprint) => new Trials(seed, { ...readers, fingerprint });

  it('find a reader that does not look at signatures', () => {
    const digest = (bytes: Uint8Array) => `sha256:${sha256Hex(open(bytes, [statementPayloadType]).payload)}`;
    expect(() => under((bytes) => ({ digest: digest(bytes) })).run(mutants)).toThrow(
      /accepted what nobody signed for it: mutant \d+ of seed/,
    );
  });

  it('find a reader that stumbles', () => {
    const stumbling = (bytes: Uint8Array) => {
      JSON.parse(Buffer.from(bytes).toString());
      return readers.fingerprint(bytes);
    };
    expect(() => under(stumbling).run(mutants)).toThrow(/no typed refusal: mutant/);
  });

  it('find a reader that counts a signer who did not sign', () => {
    const generous = (bytes: Uint8Array) => ({ ...readers.fingerprint(bytes), signers: ['f'.repeat(64)] });
    expect(() => under(generous).run(mutants)).toThrow(/took it for the word of f{64}/);
  });
});

describe('a mutated envelope', () => {
  const trials = new Trials(seed);

  it(`is never accepted with another payload, and never refused without a code (${mutants}, seed ${seed})`, () => {
    trials.run(mutants);
    expect(trials.tally.mutants).toBe(mutants);
  }, 120_000);

  it('came about in every way there is, and met every step of reading', () => {
    const { used, codes, accepted } = trials.tally;
    expect(mutationNames.filter((name) => !used.has(name))).toEqual([]);
    expect([...codes.keys()]).toEqual(
      expect.arrayContaining([
        'ENVELOPE_SYNTAX',
        'ENVELOPE_SHAPE',
        'NO_SIGNATURE',
        'TOO_MANY_SIGNATURES',
        'BUNDLE_UNSUPPORTED',
        'BASE64',
        'PAYLOAD_TYPE',
        'UNKNOWN_KEY',
        'BAD_SIGNATURE',
        'NO_TRUSTED_SIGNATURE',
        'THRESHOLD',
      ]),
    );
    // Some change nothing that is signed: were there none, the signed documents themselves would not be read.
    expect(accepted).toBeGreaterThan(mutants / 100);
  });
});
