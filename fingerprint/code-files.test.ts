import { describe, expect, it } from 'vitest';
import { codeFileRules, codeReader } from './code-files.ts';

const isCode = (exe: string, path: string, args: readonly string[] = [exe]): boolean =>
  codeReader({ exe, args })?.isCode(path) === true;

describe.each(codeFileRules)('$id', ({ examples, counterExamples }) => {
  it.each(examples)('%s loads %s', (exe, path) => expect(isCode(exe, path)).toBe(true));
  it.each(counterExamples)('%s only reads %s', (exe, path) => expect(isCode(exe, path)).toBe(false));
});

describe('the script itself', () => {
  it.each<[string, string, readonly string[], string, boolean]>([
    ['named on the command line', '/bin/dash', ['sh', '/data/run'], '/data/run', true],
    ['called by its own name', '/usr/bin/python3.11', ['/usr/bin/python3', './run', '-v'], '/data/run', true],
    ['behind a linked directory', '/bin/sh', ['sh', '/data/current/run'], '/data/releases/7/run', true],
    ['a file that it is given', '/usr/bin/python3', ['python3', 'run', 'list'], '/data/list', false],
    ['code in an argument', '/bin/sh', ['sh', '-c', 'cat /data/run'], '/data/run', false],
    ['a prompt', '/bin/sh', ['sh'], '/data/run', false],
    ['a shell of busybox', '/bin/busybox', ['sh', '/data/run'], '/data/run', true],
    ['a login shell of busybox', '/bin/busybox', ['-sh', '/data/run'], '/data/run', true],
    ['busybox by name', '/bin/busybox', ['busybox', 'ash', '/data/run'], '/data/run', true],
    ['another applet', '/bin/busybox', ['cat', '/data/run.sh'], '/data/run.sh', false],
    ['busybox alone', '/bin/busybox', ['busybox'], '/data/run', false],
  ])('%s', (_what, exe, args, path, expected) => expect(isCode(exe, path, args)).toBe(expected));
});
