import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aNotice } from '../../test/fakes/notices.ts';
import { readSinks } from '../core/notify-sinks.ts';
import type { Notifier } from '../ports/notifier.ts';
import { jsonLines } from './notify-jsonlines.ts';

const never = new AbortController().signal;
let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-jsonlines-'));
  file = join(dir, 'notices.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true }));

function read(path: string, isStdoutTaken = false) {
  const lines: string[] = [];
  const kind = jsonLines({ out: (line) => lines.push(line), isStdoutTaken });
  const { sinks, problems } = readSinks<Notifier>([{ name: 'file', type: 'jsonlines', path }], [kind]);
  return { lines, problems, deliver: async (n: number) => sinks[0]?.notifier.deliver(aNotice(n), never) };
}
const written = (path = file): number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line).data.n]));

describe('notices as JSON lines', () => {
  it('are whole lines in a file that is its owner’s alone', async () => {
    const { deliver } = read(file);
    await Promise.all([1, 2, 3].map(deliver));
    expect(written()).toEqual([1, 2, 3]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('go into a new file after the old one was rotated away', async () => {
    const { deliver } = read(file);
    await deliver(1);
    renameSync(file, `${file}.1`);
    await deliver(2);
    expect([written(`${file}.1`), written()]).toEqual([[1], [2]]);
  });

  it('are not swallowed by a line that a crash cut off', async () => {
    const { deliver } = read(file);
    await deliver(1);
    appendFileSync(file, '{"id":"half');
    await deliver(2);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '').data.n).toBe(2);
  });

  it.each<[string, () => string]>([
    ['a directory that is not there', () => join(dir, 'none', 'x')],
    ['a directory', () => dir],
    [
      'a link',
      () => {
        writeFileSync(join(dir, 'victim'), '');
        symlinkSync(join(dir, 'victim'), file);
        return file;
      },
    ],
  ])('are kept for later when the file is %s', async (_name, path) => {
    expect(await read(path()).deliver(1)).toMatchObject({
      result: 'retry',
      reason: expect.stringContaining('cannot be written'),
    });
    if (existsSync(join(dir, 'victim'))) expect(readFileSync(join(dir, 'victim'), 'utf8')).toBe('');
  });

  it('go on when what stood in the way is mended', async () => {
    const path = join(dir, 'later', 'x');
    const { deliver } = read(path);
    await deliver(1);
    mkdirSync(join(dir, 'later'));
    expect(await deliver(1)).toEqual({ result: 'delivered' });
  });

  it('are printed, unless other lines are', async () => {
    const { deliver, lines } = read('-');
    await deliver(1);
    expect(lines.map((line) => JSON.parse(line).id)).toEqual([aNotice(1).id]);
    expect(read('-', true).problems).toEqual([
      'notify[0].path is stdout, where eventsJson prints; name a file',
    ]);
  });
});
