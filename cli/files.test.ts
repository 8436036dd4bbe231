import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';
import { readChunks, readFile } from './read-file.ts';
import { writeChunks, writeFile } from './write-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-files-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);
const given = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const huge = (): string => {
  truncateSync(given('huge', ''), 3 * 2 ** 30);
  return at('huge');
};

describe('readFile', () => {
  it('gives the bytes', async () => {
    expect(Buffer.from(await readFile(given('a', 'abc'), { maxBytes: 3 })).toString()).toBe('abc');
  });

  it.each<[string, () => string, RegExp]>([
    ['is missing', () => at('nowhere'), /cannot read .*nowhere: there is no such file/],
    ['is empty', () => given('empty', ''), /empty is empty/],
    ['is a directory', () => directory, /is a directory, expected a file/],
    ['is larger than its kind may be', () => given('four', 'abcd'), /larger than 3 bytes/],
    ['is a sparse giant', huge, /larger than 3 bytes/],
    ['never ends', () => '/dev/zero', /larger than 3 bytes/],
    ['has a name no file can have', () => 'a\0b', /characters a path cannot have/],
    ['goes through a file', () => join(given('file', 'x'), 'y'), /not a directory/],
  ])('says in a sentence that a file %s', async (_name, path, sentence) => {
    await expect(readFile(path(), { maxBytes: 3 })).rejects.toMatchObject({
      name: 'CliError',
      exitCode: 2,
      message: expect.stringMatching(sentence),
    });
  });

  it('does not let the name of a file speak to the terminal', async () => {
    await expect(readFile(at('\u001b[2J'), { maxBytes: 3 })).rejects.not.toThrow('\u001b');
  });
});

describe('linesOf', () => {
  const lines = async (path: string): Promise<[number, string][]> => {
    const found: [number, string][] = [];
    for await (const line of linesOf(readChunks(path), path))
      found.push([line.number, Buffer.from(line.bytes).toString()]);
    return found;
  };

  it('numbers lines, leaves blank ones out, needs no newline at the end', async () => {
    expect(await lines(given('l', 'a\n\n \r\nb\nc'))).toEqual([
      [1, 'a'],
      [4, 'b'],
      [5, 'c'],
    ]);
  });

  it('unpacks gzip', async () => {
    expect(await lines(given('l.gz', gzipSync('a\nb\n')))).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
  });

  it('joins a line that came in several pieces', async () => {
    const long = 'x'.repeat(200_000);
    expect(await lines(given('long', `a\n${long}\nb`))).toEqual([
      [1, 'a'],
      [2, long],
      [3, 'b'],
    ]);
  });

  it('refuses a line without end, naming it', async () => {
    await expect(lines(given('endless', `a\n${'x'.repeat(3 << 20)}`))).rejects.toThrow(
      /endless:2: the line is longer/,
    );
  });

  it('says that gzip is truncated', async () => {
    const packed = gzipSync(
      Buffer.from(Array.from({ length: 5000 }, (_, i) => `line ${i * 7919}`).join('\n')),
    );
    await expect(lines(given('cut.gz', packed.subarray(0, 2000)))).rejects.toThrow(
      /cut.gz is not whole gzip/,
    );
  });
});

const privatePem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
const publicPemText = privatePem.replaceAll('PRIVATE', 'PUBLIC');
const baseline = '{"format":"whorl-baseline/v1"}';
const envelope = (kind: string): string => {
  const payload = Buffer.from(JSON.stringify({ predicate: { kind } })).toString('base64');
  const signatures = [{ keyid: '', sig: 'AAAA' }];
  return JSON.stringify({ payload, payloadType: 'application/vnd.in-toto+json', signatures });
};

describe('writeChunks', () => {
  async function* pieces(...texts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) {
      if (text instanceof Error) throw text;
      yield Buffer.from(text);
    }
  }

  it('writes piece after piece into one file, in place of an earlier one where that was said', async () => {
    mkdirSync(at('pieces'));
    await writeChunks(at('pieces/log'), pieces('a', 'b', 'c'));
    expect(readFileSync(at('pieces/log'), 'utf8')).toBe('abc');
    await expect(writeChunks(at('pieces/log'), pieces('d'))).rejects.toThrow(/exists already/);
    await writeChunks(at('pieces/log'), pieces('d', 'e'), { overwrite: true });
    expect(readFileSync(at('pieces/log'), 'utf8')).toBe('de');
  });

  it('leaves what was there when the source fails in the middle, and nothing beside it', async () => {
    await expect(
      writeChunks(at('pieces/log'), pieces('x', new Error('gone')), { overwrite: true }),
    ).rejects.toThrow('gone');
    expect([readdirSync(at('pieces')), readFileSync(at('pieces/log'), 'utf8')]).toEqual([['log'], 'de']);
  });

  it('does not take the place of a key', async () => {
    const key = given('pieces/key.pem', '-----BEGIN PRIVATE KEY-----\n');
    await expect(writeChunks(key, pieces('x'), { overwrite: true })).rejects.toThrow(/is not replaced/);
  });
});

describe('writeFile', () => {
  it('writes with the mode asked for and leaves nothing beside it', async () => {
    mkdirSync(at('w'));
    await writeFile(at('w/key'), 'secret', { mode: 0o600 });
    expect(statSync(at('w/key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(at('w'))).toEqual(['key']);
  });

  it('does not replace a file unless told to', async () => {
    await writeFile(at('w/f'), 'one');
    await expect(writeFile(at('w/f'), 'two')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('exists already'),
    });
    expect(readFileSync(at('w/f'), 'utf8')).toBe('one');
    await writeFile(at('w/f'), 'two', { overwrite: true });
    expect(readFileSync(at('w/f'), 'utf8')).toBe('two');
    expect(readdirSync(at('w')).filter((f) => f.startsWith('.'))).toEqual([]);
  });

  it.each<[string, string, string, RegExp]>([
    ['a private key', privatePem, envelope('statement'), /kept is a key and is not replaced/],
    ['a public key', publicPemText, baseline, /kept is a key and is not replaced/],
    ['the baseline that was signed', baseline, envelope('statement'), /is an unsigned baseline and is not/],
    ['a trust policy', '{"rules":[],"keys":{}}', envelope('statement'), /is a trust policy and is not/],
    ['a fingerprint', envelope('base'), envelope('overlay'), /is a signed fingerprint and is not replaced/],
  ])('does not replace %s by something else', async (_name, there, next, sentence) => {
    const path = given('kept', there);
    await expect(writeFile(path, next, { overwrite: true })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(sentence),
    });
    expect(readFileSync(path, 'utf8')).toBe(there);
  });

  it.each<[string, string, string]>([
    ['a version by the next', envelope('base'), envelope('base')],
    ['a baseline by another', baseline, baseline],
    ['what is nothing of ours', '{"a":1}', envelope('base')],
    ['what is cut off', '{"format":"whorl-', baseline],
  ])('replaces %s', async (_name, there, next) => {
    const path = given('replaced', there);
    await writeFile(path, next, { overwrite: true });
    expect(readFileSync(path, 'utf8')).toBe(next);
  });

  it('writes to a pipe and through a link, and leaves both what they are', async () => {
    await writeFile(at('w/real'), 'one');
    symlinkSync('real', at('w/link'));
    await writeFile(at('w/link'), 'two', { overwrite: true });
    expect(readFileSync(at('w/real'), 'utf8')).toBe('two');
    expect(lstatSync(at('w/link')).isSymbolicLink()).toBe(true);
    execFileSync('mkfifo', [at('w/pipe')]);
    const read = promisify(execFile)('cat', [at('w/pipe')]);
    await writeFile(at('w/pipe'), 'three', { overwrite: true });
    expect((await read).stdout).toBe('three');
    expect(lstatSync(at('w/pipe')).isFIFO()).toBe(true);
  });

  it('says in a sentence why a place cannot be written', async () => {
    await expect(writeFile(at('w/no/f'), 'x')).rejects.toThrow(/cannot write .*: there is no such directory/);
    mkdirSync(at('ro'));
    chmodSync(at('ro'), 0o500);
    await expect(writeFile('/proc/nothing-of-ours', 'x')).rejects.toThrow(/cannot write/);
  });
});
