import { describe, expect, it } from 'vitest';
import { parseSink } from './sink-setting.ts';

describe('a sink of checkpoints', () => {
  it.each([
    ['file:/var/log/whorl checkpoints', { kind: 'file', path: '/var/log/whorl checkpoints' }],
    ['command:/bin/send', { kind: 'command', argv: ['/bin/send'] }],
    [
      'command:/bin/send  --to $HOME; "a b"',
      { kind: 'command', argv: ['/bin/send', '--to', '$HOME;', '"a', 'b"'] },
    ],
  ])('%s is understood', (text, sink) => {
    expect(parseSink(text)).toEqual(sink);
  });

  it.each([
    '',
    'file:',
    'file:relative',
    'file:/',
    'command:send',
    'command:/ x',
    'syslog:/x',
    'file:/a\nb',
    ' file:/x',
  ])('%j is refused', (text) => {
    expect(parseSink(text)).toBeUndefined();
  });
});
