import { describe, expect, it } from 'vitest';
import type { EventOf } from '../../fingerprint/event.ts';
import { isProbe } from './entrance.ts';

const exec = (args: readonly string[], more: Partial<EventOf<'exec'>> = {}): EventOf<'exec'> => ({
  kind: 'exec',
  time: 1,
  process: { pid: 1, start: 1 },
  exe: '/bin/dash',
  args,
  ...more,
});
const script = { file: '/opt/check' };

describe('isProbe', () => {
  it.each<[string, EventOf<'exec'>, readonly string[], boolean]>([
    ['the same vector', exec(['sh', '-c', 'true']), ['sh', '-c', 'true'], true],
    ['one argument more', exec(['sh', '-c', 'true', 'x']), ['sh', '-c', 'true'], false],
    ['one less', exec(['sh', '-c']), ['sh', '-c', 'true'], false],
    ['another argument', exec(['sh', '-c', 'id']), ['sh', '-c', 'true'], false],
    ['a vector that was cut', exec(['sh', '-c', 'true'], { truncated: true }), ['sh', '-c', 'true'], false],
    ['nothing', exec([]), [], false],
    ['a script', exec(['/bin/sh', '/opt/check', '-q'], script), ['/opt/check', '-q'], true],
    ['a script with an option', exec(['/bin/sh', '-e', '/opt/check'], script), ['/opt/check'], true],
    ['a script found in PATH', exec(['/bin/sh', '/opt/check'], script), ['check'], true],
    ['another script', exec(['/bin/sh', '/tmp/check'], script), ['/opt/check'], false],
    ['a script with other arguments', exec(['/bin/sh', '/opt/check', 'x'], script), ['/opt/check'], false],
    ['a shell that is given it', exec(['sh', '/opt/check']), ['/opt/check'], false],
    ['a prompt', exec(['sh']), ['sh'], false],
    ['a prompt of a login', exec(['/bin/bash', '-il']), ['/bin/bash', '-il'], false],
    ['a shell with something to do', exec(['sh', '-l', '/opt/check']), ['sh', '-l', '/opt/check'], true],
  ])('%s', (_what, event, probe, expected) => expect(isProbe(event, [probe])).toBe(expected));

  it('is none where nobody named any', () => expect(isProbe(exec(['true']), undefined)).toBe(false));
});
