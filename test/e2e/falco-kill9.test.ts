import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { generator } from '../fakes/falco-mutants.ts';

const rounds = process.env.WHORL_TEST_LONG === '1' ? 200 : 15;
/** What a file's reader takes at a time (agent/adapters/falco/tail.ts): so much may come twice after a kill, never more. */
const pieceBytes = 256 << 10;

it(`a reader of Falco's file that is killed ${rounds} times loses nothing of what is there`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'whorl-falco-kill9-'));
  const [path, said] = [join(folder, 'alerts'), join(folder, 'said')];
  writeFileSync(path, '');
  const random = generator(20_26);
  const out = openSync(said, 'a');
  const start = (): ChildProcess =>
    spawn(
      process.execPath,
      [new URL('../fakes/falco-tail-process.ts', import.meta.url).pathname, path, join(folder, 'place')],
      { stdio: ['ignore', out, 'inherit'] },
    );
  const heard = () => readFileSync(said, 'latin1').split('\n').slice(0, -1);
  let reader = start();
  const connected = async (times: number) => {
    while (heard().filter((line) => line === 'connected').length < times) await sleep(5);
  };
  let n = 0;
  const write = (many: number) => {
    let text = '';
    for (let i = 0; i < many; i++) text += `{"n":${n++},"pad":"${'x'.repeat(40)}"}\n`;
    appendFileSync(path, text);
  };
  for (let round = 0; round < rounds; round++) {
    await connected(round + 1);
    for (let i = 0; i < 10; i++) {
      write(1 + Math.floor(random() * 500));
      await sleep(Math.floor(random() * 4));
    }
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    write(50);
    if (random() < 0.5) {
      renameSync(path, `${path}.${round}`);
      writeFileSync(path, '');
      // A clock of files goes by milliseconds.
      await sleep(10);
      write(50);
    }
    reader = start();
  }
  const last = `{"n":${n - 1},`;
  while (!heard().some((line) => line.startsWith(last))) await sleep(20);
  reader.kill('SIGKILL');
  await once(reader, 'exit');
  const numbers = heard().flatMap((line) => (line.startsWith('{') ? [Number(/\d+/.exec(line)?.[0])] : []));
  expect(new Set(numbers).size).toBe(n);
  expect(heard().filter((line) => line === 'gap')).toEqual([]);
  const twice = numbers.length - n;
  expect(twice).toBeLessThanOrEqual(rounds * Math.ceil(pieceBytes / 60));
}, 300_000);
