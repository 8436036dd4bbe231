import { describe, expect, it } from 'vitest';
import { stranger, testKey } from '../test/fakes/trust.ts';
import { noteKey, readCheckpoint, signCheckpoint, splitNotes, verifyCheckpoint } from './checkpoint.ts';

const key = testKey(1);
const origin = 'whorl.dev/collector/0f';
const head = { origin, size: 42, root: new Uint8Array(32).fill(7) };
const note = signCheckpoint(head, key);
const [text, signature] = note.split('\n\n') as [string, string];
const verify = (changed: string) => verifyCheckpoint(Buffer.from(changed), key.publicKey);

describe('a checkpoint', () => {
  it('is three lines, a blank one and a signature', () => {
    expect(note).toMatch(
      /^whorl\.dev\/collector\/0f\n42\nBwcHBwcH[A-Za-z0-9+/]*=\n\n— whorl\.dev\/collector\/0f [A-Za-z0-9+/]+=*\n$/,
    );
  });

  it('says what was signed', () => {
    expect(verify(note)).toEqual(head);
    expect(readCheckpoint(Buffer.from(note))).toEqual(head);
  });

  it('carries signatures of witnesses and lines of others', () => {
    const witness = signCheckpoint({ ...head, origin: 'witness.example' }, stranger).split('\n\n')[1];
    expect(verify(`${note}${witness}`)).toEqual(head);
    expect(readCheckpoint(Buffer.from(`${text}\nextension\n\n${signature}`))).toEqual(head);
  });

  it('has a key in the form of sumdb/note: name, four bytes of hash, type and key', () => {
    const [name, hash, body] = noteKey(origin, key.publicKey).split('+', 3);
    expect([name, hash]).toEqual([origin, expect.stringMatching(/^[0-9a-f]{8}$/)]);
    expect(body).toMatch(/^A/);
  });
});

describe('what is refused', () => {
  const lines = text.split('\n') as [string, string, string];
  const [o, size, root] = lines;
  const own = signature.trimEnd();
  it.each<[string, string, string]>([
    ['another size', note.replace('42', '43'), 'BAD_SIGNATURE'],
    ['a line more in the text', `${text}\nmore\n\n${signature}`, 'BAD_SIGNATURE'],
    ['another log by the same key', note.replaceAll('/0f', '/0e'), 'UNKNOWN_KEY'],
    ['two signatures by one key of which one is false', `${note}${own.slice(0, -4)}AAAA\n`, 'BAD_SIGNATURE'],
    ['nothing', '', 'SCHEMA'],
    ['no signature', `${text}\n`, 'SCHEMA'],
    ['no newline at the end', note.slice(0, -1), 'SCHEMA'],
    ['a hyphen for the dash', note.replace('— ', '- '), 'SCHEMA'],
    ['a size with a zero before', `${o}\n042\n${root}\n\n${signature}`, 'SCHEMA'],
    ['a size that is no number', `${o}\n-1\n${root}\n\n${signature}`, 'SCHEMA'],
    ['a size that a double cannot hold', `${o}\n9007199254740993\n${root}\n\n${signature}`, 'SCHEMA'],
    ['a root of another length', `${o}\n${size}\nAAAA\n\n${signature}`, 'SCHEMA'],
    ['a root without padding', `${o}\n${size}\n${root.replace(/=+$/, '')}\n\n${signature}`, 'SCHEMA'],
    ['a carriage return', note.replace('\n42', '\r\n42'), 'SCHEMA'],
    ['a name with a space', note.replaceAll('whorl.dev', 'whorl dev'), 'SCHEMA'],
    ['more signatures than a log has witnesses', `${note}${signature.repeat(16)}`, 'SCHEMA'],
    ['a megabyte', `${note}${' '.repeat(1 << 20)}`, 'TOO_LARGE'],
  ])('%s', (_what, changed, code) => {
    expect(() => verify(changed)).toThrow(expect.objectContaining({ code }));
  });

  it('the key of somebody else', () => {
    expect(() => verifyCheckpoint(Buffer.from(note), stranger.publicKey)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_KEY' }),
    );
  });

  it('an origin that no note can carry', () => {
    for (const bad of ['', 'a b', 'a+b', 'a\nb'])
      expect(() => signCheckpoint({ ...head, origin: bad }, key)).toThrow(
        expect.objectContaining({ code: 'SCHEMA' }),
      );
  });
});

describe('a file of notes', () => {
  it('is cut into them, whether or not a blank line stands between', () => {
    const next = signCheckpoint({ ...head, size: 43 }, key);
    expect(splitNotes(`${note}\n${next}\n`)).toEqual({ notes: [note, next], rest: '' });
    expect(splitNotes(`${note}${next}`)).toEqual({ notes: [note, next], rest: '' });
    expect(splitNotes('')).toEqual({ notes: [], rest: '' });
  });

  it('may end in what a power cut left', () => {
    for (const torn of [text, `${text}\n\n`, `${text}\n\n— whorl.dev/coll`])
      expect(splitNotes(`${note}\n${torn}`)).toEqual({ notes: [note], rest: torn });
  });
});
