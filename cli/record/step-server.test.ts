import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginStep } from './step-client.ts';
import { StepLog } from './step-log.ts';
import { openStepServer, type StepServer } from './step-server.ts';

let clock = 0;
let log: StepLog | undefined;
let server: StepServer;
beforeEach(async () => {
  clock = 0;
  log = new StepLog();
  server = await openStepServer(
    () => log,
    () => clock,
  );
});
afterEach(() => server.close());

describe('the socket of a recording', () => {
  it('knows of a step before the one who names it goes on', async () => {
    clock = 10;
    await beginStep(server.path, { step: 'login', span: false });
    expect(log?.at(10)).toEqual(['login']);
    clock = 20;
    const step = await beginStep(server.path, { step: 'checkout', span: true });
    clock = 30;
    await step.end();
    expect([20, 29, 30].map((t) => log?.at(t))).toEqual([['checkout'], ['checkout'], ['login']]);
  });

  it('ends a step whose command was killed', async () => {
    clock = 10;
    const socket = connect(server.path);
    socket.write('{"step":"killed","span":true}\n');
    await once(socket, 'data');
    clock = 20;
    socket.destroy();
    for (let i = 0; log?.at(25)[0] === 'killed' && i < 200; i += 1)
      await new Promise((r) => setTimeout(r, 5));
    expect(log?.at(15)).toEqual(['killed']);
    expect(log?.at(25)).toEqual(['(before the first step)']);
  });

  it('is its user’s alone, and gone with the recording', () => {
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(server.path)).mode & 0o777).toBe(0o700);
    server.close();
    expect(existsSync(dirname(server.path))).toBe(false);
  });

  it.each<[string, RegExp]>([
    ['', /is empty/],
    ['a\u001b[2J', /control characters/],
    ['x'.repeat(201), /longer than 200/],
    ['(before the first step)', /before all steps/],
  ])('refuses the name %j', async (step, sentence) => {
    await expect(beginStep(server.path, { step, span: false })).rejects.toThrow(sentence);
  });

  it('refuses steps between two runs, and what is no request', async () => {
    log = undefined;
    await expect(beginStep(server.path, { step: 'a', span: false })).rejects.toThrow(/no test runs just now/);
    for (const text of ['hello\n', '[]\n', '{"step":1}\n', 'null\n']) {
      const socket = connect(server.path);
      socket.write(text);
      expect(String(await once(socket, 'data'))).toMatch(/another version/);
      socket.destroy();
    }
    const socket = connect(server.path);
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    socket.write('x'.repeat(100_000));
    await closed;
  });

  it('says so when nobody is there', async () => {
    server.close();
    await expect(beginStep(server.path, { step: 'a', span: false })).rejects.toThrow(/does not answer/);
  });
});
