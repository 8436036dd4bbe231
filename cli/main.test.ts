import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import type { Io } from './io.ts';
import { buildProgram, main } from './main.ts';
import { verbs } from './verbs.ts';

async function run(args: readonly string[], given: Partial<Io> = {}): Promise<FakeIo> {
  const io = fakeIo({}, given);
  await main(args, io);
  return io;
}

describe('main', () => {
  it('tells its version without loading a verb', async () => {
    expect((await run(['--version'])).stdout).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['an unknown verb, naming the nearest', ['jugde'], /unknown command 'jugde' \(Did you mean judge\?\)/],
    ['an unknown option', ['inspect', '--frobnicate', 'x'], /unknown option '--frobnicate'/],
    ['a missing argument', ['inspect'], /missing required argument 'file'/],
    ['a missing option', ['learn', '--out', 'x'], /required option '--subject/],
  ])('answers %s in one line with code 2', async (_name, args, sentence) => {
    const io = await run(args);
    expect(io.stderr).toEqual([expect.stringMatching(sentence)]);
    expect(io.stderr[0]).toMatch(/^whorl: /);
    expect(io.exitCode).toBe(2);
    expect(io.stdout).toEqual([]);
  });

  it('points to the help of the verb that was meant', async () => {
    expect((await run(['inspect'])).stderr[0]).toMatch(/; see whorl inspect --help$/);
    expect((await run(['jugde'])).stderr[0]).toMatch(/; see whorl --help$/);
  });

  it('tells a defect in one sentence with code 70, and where only when asked', async () => {
    const readFile = async (): Promise<never> => {
      throw new TypeError('boom\nsecond line');
    };
    const quiet = await run(['inspect', 'x'], { readFile });
    expect(quiet.stderr).toEqual([expect.stringMatching(/^whorl: internal error: boom; /)]);
    expect(quiet.exitCode).toBe(70);
    const loud = await run(['inspect', 'x'], { readFile, env: { WHORL_DEBUG: '1' } });
    expect(loud.stderr.join('\n')).toMatch(/at .*main\.test\.ts/);
  });

  it('does not call a place where no agent ran one where nothing is held, nor make it', async () => {
    const directory = join(tmpdir(), 'whorl-no-agent-here');
    for (const more of [[], ['--dry-run']]) {
      const io = await run(['resume', '--local', '--all', '--data-dir', directory, ...more]);
      expect(io.stderr).toEqual([expect.stringMatching(/no agent kept anything in .*; name its --data-dir/)]);
      expect(io.exitCode).toBe(2);
      expect(existsSync(directory)).toBe(false);
    }
  });

  it('shows help with nothing to do, and for --help, with code 0', async () => {
    for (const args of [[], ['--help'], ['judge', '--help']]) {
      const io = await run(args);
      expect(io.exitCode).toBe(0);
      expect(io.stderr).toEqual([]);
      expect(io.stdout.join('\n')).toMatch(/Usage: whorl/);
    }
  });
});

describe('the command tree', () => {
  it('begins the help of every verb with examples', async () => {
    for (const name of Object.keys(verbs)) {
      const { stdout } = await run([name, '--help']);
      expect(stdout.join('\n')).not.toContain('default: []');
      expect(stdout[0], name).toMatch(/^Examples:\n {2}(# .*\n {2})?\S*.*whorl/);
    }
  });

  it('has every verb under its own name', async () => {
    const program = await buildProgram(fakeIo());
    expect(program.commands.map((c) => c.name())).toEqual(Object.keys(verbs));
  });

  it('offers --json wherever something is printed for scripts, and --dry-run with --reason where something changes', async () => {
    const program = await buildProgram(fakeIo());
    const options = (name: string): readonly (string | undefined | null)[] =>
      program.commands.find((c) => c.name() === name)?.options.map((o) => o.long) ?? [];
    for (const name of [
      'up',
      'demo',
      'doctor',
      'status',
      'incidents',
      'explain',
      'resume',
      'learn',
      'diff',
      'lint',
      'merge',
      'prune',
      'import',
      'backtest',
      'judge',
      'inspect',
      'keygen',
      'sign',
      'verify',
      'bind',
    ])
      expect(options(name), name).toContain('--json');
    for (const name of ['learn', 'merge', 'prune', 'import', 'resume', 'bind', 'sign', 'keygen'])
      expect(options(name), name).toEqual(expect.arrayContaining(['--dry-run', '--reason']));
  });

  it.each(['bash', 'zsh', 'fish'])('completes every verb in %s', async (shell) => {
    const { stdout } = await run(['completion', shell]);
    for (const name of Object.keys(verbs)) expect(stdout.join('\n')).toContain(name);
  });

  it.each<[string, string[], string[]]>([
    ['a verb', ['ag'], ['agents', 'agent']],
    ['an option', ['agent', '--tr'], ['--transport']],
    ['what the daemon reads', ['agent', '--source', ''], ['sensor', 'tracee', 'tetragon', 'falco']],
    ['what wrote a recording', ['judge', 'a.jsonl', '--source', 'f'], ['falco']],
    ['how far an approval goes', ['approve', '--mode', 'k'], ['kill']],
    ['the verb below a verb', ['trust', 'ad'], ['add']],
    ['how far a key goes', ['trust', 'add', '--max-mode', 'fr'], ['freeze']],
  ])('completes %s in bash', async (_, typed, offered) => {
    const { stdout } = await run(['completion', 'bash']);
    const words = ['whorl', ...typed].map((word) => `'${word}'`).join(' ');
    const script = `${stdout.join('\n')}
COMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _whorl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { output } = spawnSync('bash', ['-c', script], { cwd: '/', encoding: 'utf8' });
    expect(output.join('').trim().split('\n')).toEqual(offered);
  });
});
