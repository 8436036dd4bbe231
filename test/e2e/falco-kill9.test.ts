import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { generator } from '../fakes/falco-mutants.ts';

const rounds = process.env.WHORL_TEST_LONG === '1' ? 200 : 15;
/** What a file's reader takes at a time (agent/adapters/falco/tail.ts): so much may come twice after a kill, never more. */
const pieceBytes = 256 << 10;

/**
 * What the readers wrote to a file, each line looked at once: there are half a million in a long run. A kill may come in the
 * middle of a write, too: then the next reader's word stands behind half a line, which comes again whole.
 */
class Said {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(1 << 20);
  #offset = 0;
  #half = '';
  connected = 0;
  gaps = 0;
  readonly numbers: number[] = [];

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** Takes what came since. */
  look(): this {
    for (;;) {
      const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#offset);
      if (length === 0) return this;
      this.#offset += length;
      const lines = (this.#half + this.#buffer.toString('latin1', 0, length)).split('\n');
      this.#half = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    }
  }

  #take(line: string): void {
    if (line.endsWith('connected')) this.connected += 1;
    else if (line.endsWith('gap')) this.gaps += 1;
    else if (line.startsWith('{') && line.endsWith('"}')) this.numbers.push(Number(/\d+/.exec(line)?.[0]));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

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
  const heard = new Said(said);
  let reader = start();
  let n = 0;
  const write = (many: number) => {
    let text = '';
    for (let i = 0; i < many; i++) text += `{"n":${n++},"pad":"${'x'.repeat(40)}"}\n`;
    appendFileSync(path, text);
  };
  for (let round = 0; round < rounds; round++) {
    while (heard.look().connected < round + 1) await sleep(5);
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
  while (!heard.look().numbers.includes(n - 1, -pieceBytes)) await sleep(20);
  reader.kill('SIGKILL');
  await once(reader, 'exit');
  const { numbers, gaps } = heard.look();
  heard.close();
  expect(new Set(numbers).size).toBe(n);
  expect(gaps).toBe(0);
  const twice = numbers.length - n;
  expect(twice).toBeLessThanOrEqual(rounds * Math.ceil(pieceBytes / 60));
}, 300_000);
