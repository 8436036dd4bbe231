import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { grantId } from '../../fingerprint/grants.ts';
import { Containerd } from './support/containerd.ts';
import type { OciImage } from './support/oci-image.ts';
import { leftovers, type Ran, RecordShop } from './support/record-shop.ts';

let shop: RecordShop;
let containerd: Containerd;
let cart: OciImage;
let stock: OciImage;

beforeAll(async () => {
  shop = new RecordShop();
  containerd = await Containerd.start();
  cart = shop.image('reg.local/shop/cart:v1');
  stock = shop.image('reg.local/shop/stock:v1');
  containerd.load(cart);
  containerd.load(stock);
  await shop.whorl(['record', '--out', join(shop.dir, 'warm'), '--', 'true']);
});
afterAll(async () => {
  await containerd?.close();
  shop?.close();
});
afterEach(() => expect(leftovers()).toEqual([]));

/** What every test script needs: how to start, ask and remove a container. */
const functions = [
  'ctr="ctr -a $CONTAINERD -n k8s.io"',
  'up() { $ctr run -d "$1" "$2"; }',
  'pid() { $ctr task ls | while read -r id pid rest; do [ "$id" = "$1" ] && echo "$pid"; done; }',
  'request() { for i in 1 2 3 4 5 6 7 8 9 10; do echo "$2" | "$ASK" "$(pid "$1")" 8080 >/dev/null && return; sleep 0.1; done; exit 9; }',
  'down() { $ctr task kill -s 9 "$1"; while $ctr task ls | grep -q "^$1 .*RUNNING"; do sleep 0.05; done; $ctr task delete "$1" >/dev/null; $ctr container delete "$1"; }',
];
let suites = 0;
function suite(...lines: readonly string[]): string {
  suites += 1;
  return shop.suite(`suite-${suites}`, [...functions, ...lines]);
}
const id = (): string => `record-${process.pid}-${suites}-$$`;

function record(
  args: readonly string[],
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const all = ['record', '--containerd', containerd.socket, ...args, '--', script];
  return shop.whorl(all, shop.env({ CONTAINERD: containerd.socket, ...env }));
}
const file = (dir: string, name: string): string => readFileSync(join(shop.dir, dir, `${name}.json`), 'utf8');

describe('record', () => {
  it('writes one baseline per image, with the steps that showed each thing, and the same bytes again', async () => {
    const script = suite(
      `A=a-${id()} B=b-${id()}`,
      'echo out; echo err >&2',
      `up ${cart.name} $A; up ${stock.name} $B`,
      'whorl step login; request $A LOGIN',
      'whorl step checkout.e2e -- sh -c "whorl step --if-recording pay; true"',
      'whorl step checkout; request $A CHECKOUT; request $B REPORT',
      'down $A; down $B',
    );
    const args = ['--image', 'reg.local/shop/cart', '--image', stock.name, '--out', join(shop.dir, 'one')];
    const first = await record(args, script);
    expect(first.stderr).toMatch(/cart\.json: written \(1 program, /);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toBe('out\n');
    expect(first.stderr).toMatch(/^err$/m);
    const written = JSON.parse(file('one', 'cart'));
    expect(written.subject).toEqual({ name: 'reg.local/shop/cart' });
    expect(written.observation.ran).toEqual(['checkout', 'checkout.e2e', 'login', 'pay']);
    const [program] = written.behaviour.programs;
    expect(program).toMatchObject({ exe: '/bin/shop', root: 'entrypoint', origins: ['image'] });
    expect(program.network).toEqual([
      { do: 'connect', transport: 'tcp', peer: 'localhost', port: 5432 },
      { do: 'listen', transport: 'tcp', port: 8080 },
    ]);
    expect(JSON.parse(file('one', 'stock')).behaviour.programs[0].network).toHaveLength(1);
    const { steps } = written.observation;
    const connects = { kind: 'network', network: program.network[0] } as const;
    expect(steps[grantId({ root: 'entrypoint', parent: '', exe: '/bin/shop' }, connects)]).toEqual([
      'checkout',
    ]);
    expect(Object.values(steps)).toContainEqual(['(before the first step)']);
    expect(Object.values(steps)).not.toContainEqual(['pay']);

    const before = [file('one', 'cart'), file('one', 'stock')];
    const taken = await record(args, script);
    expect([taken.code, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/exists already; --check compares/),
    ]);
    expect(taken.stdout).toBe('');
    expect((await record([...args, '--check'], script)).code).toBe(0);
    expect((await record([...args, '--update'], script)).stderr).toMatch(/cart\.json: unchanged/);
    expect([file('one', 'cart'), file('one', 'stock')]).toEqual(before);
    expect(existsSync(join(shop.dir, 'one/unstable.json'))).toBe(false);
  });

  it('fails a check in sentences with the test that showed more, and writes it when told to', async () => {
    const small = suite(`A=${id()}`, `up ${cart.name} $A; whorl step login; request $A LOGIN; down $A`);
    const large = suite(
      `A=${id()}`,
      `up ${cart.name} $A; whorl step checkout.e2e -- sh -c 'true'; whorl step checkout.e2e; request $A CHECKOUT; down $A`,
    );
    const args = ['--image', 'reg.local/shop/cart:v1', '--out', join(shop.dir, 'two')];
    expect((await record(args, small)).code).toBe(0);
    const before = file('two', 'cart');
    const checked = await record([...args, '--check', '--json'], large);
    expect(checked.code, checked.stderr).toBe(1);
    const { images, widens } = JSON.parse(checked.stdout);
    expect(widens).toBe(true);
    const sentences = images[0].changes.map((c: { sentence: string }) => c.sentence);
    expect(sentences).toContain('`shop` now connects to `localhost:5432`, first seen in test `checkout.e2e`');
    expect(images[0].notExercised).toMatchObject({ steps: ['login'] });
    expect(file('two', 'cart')).toBe(before);

    const told = await record([...args, '--check'], large);
    expect(told.stderr).toMatch(/now connects to `localhost:5432`, first seen in test `checkout\.e2e`/);
    expect(told.stderr).toMatch(/not run this time: test `login`/);
    const updated = await record([...args, '--update', '--reason', 'checkout'], large);
    expect([updated.code, updated.stderr]).toEqual([0, expect.stringMatching(/cart\.json: updated/)]);
    expect(file('two', 'cart')).not.toBe(before);
    expect((await record([...args, '--check'], large)).code).toBe(0);
  });

  it('lists what was not in every run, keeps it, and asks nobody about it again', async () => {
    const out = 'three';
    const counter = join(shop.dir, 'counter');
    const script = suite(
      `A=${id()}`,
      `up ${cart.name} $A; request $A LOGIN`,
      `if [ ! -e ${counter} ]; then touch ${counter}; request $A REPORT; fi`,
      'down $A',
    );
    const args = ['--image', 'reg.local/shop/cart', '--runs', '2', '--out', join(shop.dir, out)];
    const first = await record(args, script);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/not in every run:\n.*`shop` (creates|writes) `\/var\/report` \(1 of 2\)/);
    expect(file(out, 'unstable')).toContain('/var/report');
    const before = [file(out, 'cart'), file(out, 'unstable')];
    // Now in no run at all.
    const again = await record([...args, '--check'], script);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toMatch(/cart\.json: unchanged/);
    expect((await record([...args, '--update'], script)).code).toBe(0);
    expect([file(out, 'cart'), file(out, 'unstable')]).toEqual(before);
  });

  it('leaves with 4 where events were lost, and takes nothing away for its absence', async () => {
    const quiet = suite(`A=${id()}`, `up ${cart.name} $A; request $A REPORT; request $A LOGIN; down $A`);
    const loud = suite(`A=${id()}`, `up ${cart.name} $A; request $A FLOOD; down $A`);
    const args = ['--image', 'reg.local/shop/cart', '--out', join(shop.dir, 'four')];
    expect((await record(args, quiet)).code).toBe(0);
    const before = file('four', 'cart');
    const lossy = await record([...args, '--update'], loud);
    expect([lossy.code, lossy.stderr]).toEqual([4, expect.stringMatching(/incomplete: .*\d+ events lost/)]);
    expect(file('four', 'cart')).toBe(before);
  });

  it('sees a container that ends at once, or says that there was one', async () => {
    const out = join(shop.dir, 'once');
    const script = suite(
      ...[1, 2, 3, 4].map((n) => `$ctr run --rm ${cart.name} once-${n}-${id()} /bin/shop once`),
    );
    const ran = await record(['--image', 'reg.local/shop/cart', '--out', out, '--json'], script);
    const { images, incomplete } = JSON.parse(ran.stdout);
    // Never fewer than there were without a word about it.
    if (incomplete.length === 0) expect([ran.code, images[0].copies]).toEqual([0, 4]);
    else
      expect([ran.code, incomplete.join()]).toEqual([
        4,
        expect.stringMatching(/ended before anybody could say/),
      ]);
  });

  it('writes nothing when the command fails, is nobody’s, or what is meant ran already or not at all', async () => {
    const out = join(shop.dir, 'five');
    const args = ['--image', 'reg.local/shop/cart', '--out', out];
    const failing = await record(args, suite('exit 3'));
    expect([failing.code, failing.stderr]).toEqual([
      1,
      expect.stringMatching(/failed with code 3: nothing was written/),
    ]);
    const nobody = await record(args, join(shop.dir, 'nothing'));
    expect([nobody.code, nobody.stderr]).toEqual([
      2,
      expect.stringMatching(/nothing cannot be run: there is no such program/),
    ]);
    const other = await record(args, suite(`A=${id()}`, `up ${stock.name} $A; down $A`));
    expect([other.code, other.stderr]).toEqual([
      4,
      expect.stringMatching(/no container of `reg\.local\/shop\/cart` was started/),
    ]);
    const running = await containerd.run(cart, `older-${process.pid}`);
    const older = await record(args, suite(`request ${running.id} LOGIN`));
    expect([older.code, older.stderr]).toEqual([4, expect.stringMatching(/1 copy ran already/)]);
    containerd.ctr('task', 'kill', '-s', '9', running.id);
    expect(existsSync(out)).toBe(false);
  });

  it('ends with the command on Ctrl-C and leaves nothing behind', async () => {
    const out = join(shop.dir, 'six');
    const marker = join(shop.dir, 'started');
    const script = suite(
      `trap 'echo ended; exit 130' INT TERM; touch ${marker}; while :; do sleep 0.05; done`,
    );
    for (const args of [['--image', 'reg.local/shop/cart'], []]) {
      rmSync(marker, { force: true });
      const child = spawn(join(shop.bin, 'whorl'), ['record', '--out', out, ...args, '--', script], {
        env: shop.env({ CONTAINERD: containerd.socket }),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      child.stdout.on('data', (part: Buffer) => (said += part.toString()));
      child.stderr.on('data', (part: Buffer) => (said += part.toString()));
      while (!existsSync(marker)) await sleep(20);
      child.kill('SIGINT');
      await once(child, 'close');
      expect(said).toMatch(/ended\n.*interrupted: nothing was written/s);
      expect(child.exitCode).toBe(4);
      expect(existsSync(out)).toBe(false);
      expect(leftovers()).toEqual([]);
    }
  });
});

describe('record without an image', () => {
  it('watches the command itself, without the tool that names its steps, and ends what it left running', async () => {
    const program = join(shop.dir, 'self-test');
    const out = join(shop.dir, 'seven');
    const script = suite(
      'whorl step read; head -c 1 /etc/hostname >/dev/null',
      'whorl step write -- tail -c 1 /etc/passwd >/dev/null',
      'sleep 60 &',
    );
    writeFileSync(program, '');
    const first = await record(['--name', 'shop/self-test', '--out', out], script);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/1 process that the command left running ended with it/);
    const text = readFileSync(join(out, 'self-test.json'), 'utf8');
    const { subject, behaviour, observation } = JSON.parse(text);
    expect(subject).toEqual({ name: 'shop/self-test' });
    const names = behaviour.programs.map((p: { exe: string }) => p.exe.split('/').at(-1));
    expect(names.sort()).toEqual(['dash', 'head', 'sleep', 'tail']);
    expect(observation.ran).toEqual(['read', 'write']);
    expect((await record(['--name', 'shop/self-test', '--out', out, '--update'], script)).code).toBe(0);
    expect(readFileSync(join(out, 'self-test.json'), 'utf8')).toBe(text);
  });
});

describe('step', () => {
  it('says outside a recording that there is none, unless it was told that there may be none', async () => {
    const alone = await shop.whorl(['step', 'login']);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/no recording is under way here/)]);
    expect((await shop.whorl(['step', '--if-recording', 'login'])).code).toBe(0);
    const passed = await shop.whorl(['step', '--if-recording', 'x', '--', 'sh', '-c', 'echo hi; exit 7']);
    expect([passed.code, passed.stdout]).toEqual([7, 'hi\n']);
    const gone = await shop.whorl(['step', 'login'], shop.env({ WHORL_RECORD: join(shop.dir, 'none.sock') }));
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringMatching(/does not answer/)]);
  });
});
