import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { fakeIo } from '../test/fakes/io.ts';
import { registerNotify } from './verb-notify.ts';

const healthy = {
  sink: 'ops',
  type: 'jsonlines',
  state: 'running',
  author: '',
  reason: '',
  delivered: 7,
  dropped: 0,
  waiting: 1,
  gathered: 1,
  dead: 0,
  failingSince: 0,
  lastError: '',
};
const failing = {
  ...healthy,
  sink: 'hook',
  type: 'webhook',
  dead: 3,
  dropped: 12,
  failingSince: Date.UTC(2026, 4, 1),
  lastError: 'the receiver answers 500\u001b[2J',
};
const paused = { ...healthy, sink: 'chat', state: 'paused', author: 'ada', reason: 'maintenance' };

/** The verb against a collector that gives this answer; `calls` is what it was asked. */
async function notify(args: readonly string[], answer: unknown = {}) {
  const calls: unknown[] = [];
  const io = fakeIo();
  const program = new Command('whorl').exitOverride().configureOutput({ writeErr: () => undefined });
  registerNotify(program, io, {
    options: (command) => command,
    open: () => async (call) => {
      calls.push(call);
      return answer;
    },
  });
  await program.parseAsync(['notify', ...args], { from: 'user' });
  return { io, calls };
}

describe('whorl notify', () => {
  it('lists the sinks, with what a person has to look at', async () => {
    const { io, calls } = await notify(['list'], {
      sinks: [healthy, failing, paused],
      unwritten: 0,
      lost: 0,
    });
    expect(calls).toEqual([{ method: 'GET', path: '/notify' }]);
    expect(io.stdout).toEqual([
      'ops (jsonlines) running: 7 delivered, 2 waiting',
      'hook (webhook) failing: 7 delivered, 2 waiting',
      '  fails since 2026-05-01T00:00:00Z: the receiver answers 500\\x1b[2J',
      '  3 given up: whorl notify dead hook',
      '  12 dropped, because too many waited',
      'chat (jsonlines) paused: 7 delivered, 2 waiting',
      '  ada: maintenance',
    ]);
  });

  it('says that nobody is told when that is so', async () => {
    expect((await notify(['list'], { sinks: [] })).io.stderr).toEqual([
      expect.stringContaining('nobody is told'),
    ]);
  });

  it('gives the answer as it is to a script', async () => {
    const { io } = await notify(['list', '--json'], { sinks: [healthy] });
    expect(JSON.parse(io.stdout[0] ?? '')).toEqual({ sinks: [healthy] });
  });

  it('shows what was given up', async () => {
    const row = {
      notice: { id: 'msg_1', type: 'loss', title: 'node n1 lost 3 events' },
      attempts: 3,
      lastError: 'the receiver answers 413',
    };
    expect((await notify(['dead', 'hook'], { dead: [row] })).io.stdout).toEqual([
      'msg_1 loss: node n1 lost 3 events (3 attempts, the receiver answers 413)',
    ]);
  });

  it.each([
    [['test', 'ops'], { method: 'POST', path: '/notify/ops/test', body: {} }],
    [['retry', 'ops'], { method: 'POST', path: '/notify/ops/retry', body: {} }],
    [['pause', 'ops', '--reason', 'x'], { method: 'POST', path: '/notify/ops/pause', body: { reason: 'x' } }],
    [
      ['resume', 'ops', '--reason', 'x'],
      { method: 'POST', path: '/notify/ops/resume', body: { reason: 'x' } },
    ],
    [['test', '../policy'], { method: 'POST', path: '/notify/..%2Fpolicy/test', body: {} }],
  ])('%j asks the collector', async (args, call) => {
    const { io, calls } = await notify(args);
    expect(calls).toEqual([call]);
    expect(io.stdout).toHaveLength(1);
  });

  it('does not pause without a reason', async () => {
    await expect(notify(['pause', 'ops'])).rejects.toMatchObject({ hint: expect.stringMatching(/--reason/) });
  });

  it.each([
    ['test', []],
    ['retry', []],
    ['pause', ['--reason', 'x']],
    ['resume', ['--reason', 'x']],
  ])('%s --dry-run asks nothing of the collector', async (name, why) => {
    const { io, calls } = await notify([name, 'ops', '--dry-run', ...why]);
    expect([calls, io.stderr]).toEqual([[], [`would ${name} the sink ops`]]);
  });
});
