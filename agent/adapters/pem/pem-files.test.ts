import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../../test/fakes/certificates.ts';
import { authorityIn, pairIn } from './pem-files.ts';

let made: Certificates;
let junk: string;
beforeAll(async () => {
  made = await makeCertificates();
  junk = join(made.dir, 'junk\u001b[2J');
  writeFileSync(junk, 'neither');
});
afterAll(() => rmSync(made.dir, { recursive: true }));

it('takes what belongs together', () => {
  expect(authorityIn(made.ca)).toBeInstanceOf(Buffer);
  expect(pairIn(made.server.certificate, made.server.key)).toMatchObject({ cert: expect.any(Buffer) });
});

describe('what is refused, with the setting and what to do', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'no such authority',
      () => authorityIn('/none'),
      /^sourceCa \/none cannot be read \(ENOENT\); correct it$/,
    ],
    ['a folder', () => authorityIn(made.dir), /^sourceCa .* \(EISDIR\)/],
    [
      'an authority that is none',
      () => authorityIn(junk),
      /^sourceCa .*junk.* holds no certificate in PEM; give/,
    ],
    ['no such key', () => pairIn(made.server.certificate, '/none'), /^sourceKey \/none cannot be read/],
    [
      'a certificate that is none',
      () => pairIn(junk, made.server.key),
      /^sourceCertificate .* no certificate/,
    ],
    ['a key that is none', () => pairIn(made.server.certificate, made.ca), /^sourceKey .* no key/],
    [
      'the key of another',
      () => pairIn(made.server.certificate, made.client.key),
      /^sourceKey .* is not the key of/,
    ],
  ])('%s', (_name, reading, sentence) => {
    expect(reading).toThrow(
      expect.objectContaining({ code: 'wrong-certificate', message: expect.stringMatching(sentence) }),
    );
    expect(reading).not.toThrow(/\p{Cc}/u);
  });
});
