import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { rotatedBefore } from './rotated.ts';

let path: string;
const put = (name: string, written: number): void => {
  const file = join(path, '..', name);
  writeFileSync(file, '');
  utimesSync(file, written, written);
};
const names = (): string[] => rotatedBefore(path).map((file) => basename(file.path));

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'whorl-rotated-')), 'alerts.json');
});

describe('files that were put aside', () => {
  it('come by their last write, whatever they are called', () => {
    put('alerts.json.1', 300);
    put('alerts.json.2', 200);
    put('alerts.json-20261120', 100);
    expect(names()).toEqual(['alerts.json-20261120', 'alerts.json.2', 'alerts.json.1']);
  });

  it.each([[['a', 'b', 'c']], [['c', 'b', 'a']], [['b', 'c', 'a']]])(
    'come by when they were made where the last write was in one tick: %s',
    async (made) => {
      for (const end of made) {
        put(`alerts.json.${end}`, 100);
        // Longer than a tick of the kernel.
        await sleep(20);
      }
      expect(names()).toEqual(made.map((end) => `alerts.json.${end}`));
    },
  );

  it('are neither packed ones, nor those of another file, nor the file itself', () => {
    for (const name of ['alerts.json', 'alerts.json.1.gz', 'alerts.jsonl', 'other.json.1']) put(name, 100);
    expect(names()).toEqual([]);
  });
});
