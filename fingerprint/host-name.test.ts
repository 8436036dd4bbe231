import { describe, expect, it } from 'vitest';
import { isHostName } from './host-name.ts';

describe('isHostName', () => {
  it.each(['api.example', '_sip._tcp.example.com', 'xn--bcher-kva.example', 'db-0.db', '1password.com'])(
    '%s is one',
    (name) => {
      expect(isHostName(name)).toBe(true);
    },
  );
  it.each([
    '',
    '.',
    'a..b',
    '-a.example',
    'a b',
    'a:b',
    '{site:x}',
    'a/b',
    '10.0.0.7',
    'x.0',
    `${'a'.repeat(64)}.example`,
  ])('%j is none', (name) => {
    expect(isHostName(name)).toBe(false);
  });
});
