import { describe, expect, it } from 'vitest';
import { parseCrontab } from './crontab.ts';

describe('parseCrontab', () => {
  it.each<[string, string, boolean, [string, string] | undefined]>([
    [
      'a line of a user',
      '17 *  * * *  /usr/bin/backup --full',
      false,
      ['17 * * * *', '/usr/bin/backup --full'],
    ],
    [
      'a line of the system',
      '25 6\t* * *\troot\trun-parts /etc/cron.daily',
      true,
      ['25 6 * * *', 'run-parts /etc/cron.daily'],
    ],
    [
      'names, steps and ranges',
      '*/5 1-3 1,15 jan-mar mon-fri  x',
      false,
      ['*/5 1-3 1,15 jan-mar mon-fri', 'x'],
    ],
    ['a nickname', '@monthly  root  /usr/bin/report', true, ['@monthly', '/usr/bin/report']],
    ['input for the command', '0 0 * * * mail -s x root%hello%there', false, ['0 0 * * *', 'mail -s x root']],
    ['an escaped percent sign', String.raw`0 0 * * * date +\%F`, false, ['0 0 * * *', 'date +%F']],
    ['what runs at boot', '@reboot /usr/bin/x', false, undefined],
    ['a comment', '# 0 0 * * * x', false, undefined],
    ['a setting', 'MAILTO=root', false, undefined],
    ['a time without a command', '0 0 * * *', false, undefined],
    ['what cron would refuse', `0 0 * * * ${'x'.repeat(2000)}`, false, undefined],
  ])('reads %s', (_name, line, hasUser, read) => {
    const found = parseCrontab(`SHELL=/bin/sh\n${line}\n`, hasUser);
    expect(found).toEqual(read === undefined ? [] : [{ timing: read[0], command: read[1] }]);
  });

  it('is not slowed down by a hostile file', () => {
    expect(parseCrontab(`${'* '.repeat(30_000)}\n${'%'.repeat(30_000)}`, true)).toEqual([]);
  });
});
