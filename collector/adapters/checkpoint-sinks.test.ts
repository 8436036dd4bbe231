import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signCheckpoint, splitNotes } from '../../fingerprint/checkpoint.ts';
import { vendor } from '../../test/fakes/trust.ts';
import { CommandSink } from './checkpoint-sink-command.ts';
import { FileSink } from './checkpoint-sink-file.ts';

const noteOf = (size: number) =>
  signCheckpoint({ origin: 'whorl.dev/collector/0f', size, root: new Uint8Array(32) }, vendor);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-sinks-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('a file of checkpoints', () => {
  const path = () => join(dir, 'checkpoints.txt');

  it('holds each that it was given, for others to read', async () => {
    const sink = new FileSink(path());
    expect(await sink.last()).toBeUndefined();
    for (const size of [1, 2, 3]) await sink.publish(noteOf(size));
    expect(splitNotes(readFileSync(path(), 'utf8')).notes).toEqual([1, 2, 3].map(noteOf));
    expect(statSync(path()).mode & 0o777).toBe(0o644);
    expect(await sink.last()).toBe(noteOf(3));
  });

  it('finds the last one however long it is', async () => {
    writeFileSync(path(), `${`${noteOf(1)}\n`.repeat(1000)}${noteOf(2)}\n`);
    expect(await new FileSink(path()).last()).toBe(noteOf(2));
  });

  it.each([0, 1, 20, 60, 75, 77, 78, 100])(
    'loses what a power cut left of an append, %i bytes, and nothing else',
    async (n) => {
      const sink = new FileSink(path());
      await sink.publish(noteOf(1));
      appendFileSync(path(), Buffer.from(noteOf(2)).subarray(0, n));
      expect(await sink.last()).toBe(noteOf(1));
      await sink.publish(noteOf(3));
      expect(readFileSync(path(), 'utf8')).toBe(`${noteOf(1)}\n${noteOf(3)}\n`);
    },
  );

  it('says why it cannot be written', async () => {
    const nowhere = new FileSink(join(dir, 'nowhere', 'x'));
    await expect(nowhere.publish(noteOf(1))).rejects.toThrow(/does not take checkpoints: ENOENT; check/);
    await expect(new FileSink(dir).last()).rejects.toThrow(/EISDIR/);
  });
});

describe('a command that gets checkpoints', () => {
  const script = (body: string) => {
    const file = join(dir, 'send');
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it('reads it from stdin, with its arguments and without our environment', async () => {
    process.env.WHORL_TEST_SECRET = 'x';
    const file = script(`cat >"$1"; env >"$1.env"`);
    await new CommandSink([file, join(dir, 'got $HOME;')]).publish(noteOf(1));
    expect(readFileSync(join(dir, 'got $HOME;'), 'utf8')).toBe(noteOf(1));
    expect(readFileSync(join(dir, 'got $HOME;.env'), 'utf8')).not.toMatch(/WHORL_TEST_SECRET/);
    delete process.env.WHORL_TEST_SECRET;
  });

  it('need not read it', async () => {
    await new CommandSink([script('exit 0')]).publish(noteOf(1));
  });

  it.each([
    ['it fails', 'echo "no \u001b[31mwitness" >&2; exit 3', /ended with status 3: no \\x1b\[31mwitness$/],
    [
      'it says too much',
      'head -c 1000000 /dev/zero | tr "\\0" x >&2; exit 1',
      /ended with status 1: x{10,300}…$/,
    ],
    ['it is killed', 'kill -9 $$', /ended with SIGKILL/],
  ])('is told when %s', async (_what, body, sentence) => {
    await expect(new CommandSink([script(body)]).publish(noteOf(1))).rejects.toThrow(sentence);
  });

  it('is told when it cannot be started', async () => {
    await expect(new CommandSink([join(dir, 'nothing')]).publish(noteOf(1))).rejects.toThrow(
      /cannot be started: ENOENT/,
    );
  });

  it('is ended with all it started when it takes too long', async () => {
    const mark = join(dir, 'alive');
    const sink = new CommandSink([script(`(sleep 3; touch ${mark}) & sleep 600`)], 500);
    await expect(sink.publish(noteOf(1))).rejects.toThrow(/did not end within 0.5 s and was killed/);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(existsSync(mark)).toBe(false);
  });
});
