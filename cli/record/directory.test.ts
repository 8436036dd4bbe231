import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Io } from '../io.ts';
import { RecordDirectory } from './directory.ts';

const dir = mkdtempSync(join(tmpdir(), 'whorl-directory-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): RecordDirectory => new RecordDirectory({} as Io, join(dir, name));

describe('where a recording goes', () => {
  it('may be a directory, or nothing yet', () => {
    expect(() => at('.').assertNoFile()).not.toThrow();
    expect(() => at('new').assertNoFile()).not.toThrow();
  });

  it('is not one of its own files: no test suite runs before that is said', () => {
    writeFileSync(join(dir, 'cart.json'), '{}');
    expect(() => at('cart.json').assertNoFile()).toThrow(
      /--out .*cart\.json is a file, expected a directory/,
    );
    expect(() => at('cart.json/below').assertNoFile()).not.toThrow();
  });
});
