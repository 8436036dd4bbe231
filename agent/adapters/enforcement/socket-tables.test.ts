import { describe, expect, it } from 'vitest';
import { parseSocketTable, parseUnixTable } from './socket-tables.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, inode: number): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000 100\n`;

describe('parseSocketTable', () => {
  it.each([
    ['tcp', row('0100007F:115C', '08080808:01BB', '01', 77), 'tcp 127.0.0.1:4444 → 8.8.8.8:443 established'],
    ['tcp', row('00000000:0050', '00000000:0000', '0A', 77), 'tcp 0.0.0.0:80 → 0.0.0.0:0 listening'],
    ['tcp', row('0100007F:115C', '0100007F:01BB', '02', 77), 'tcp 127.0.0.1:4444 → 127.0.0.1:443 syn-sent'],
    [
      'tcp6',
      row('00000000000000000000000001000000:0050', '0000000000000000FFFF00000100007F:1234', '01', 77),
      'tcp6 [0:0:0:0:0:0:0:1]:80 → [0:0:0:0:0:ffff:7f00:1]:4660 established',
    ],
  ])('%s %s', (name, text, expected) => expect(parseSocketTable(name, head + text).get('77')).toBe(expected));

  it('passes over what is no socket of a process, and over a line that was cut', () => {
    const text = `${head}${row('0100007F:0050', '0100007F:0051', '06', 0)}   1: 0100007F:00`;
    expect(parseSocketTable('tcp', text).size).toBe(0);
  });
});

describe('parseUnixTable', () => {
  const title = 'Num       RefCount Protocol Flags    Type St Inode Path';
  const own = (inode: number, name = ''): string =>
    `00000000e01b7d3a: 00000003 00000000 00000000 0001 03 ${String(inode).padStart(5)}${name}`;

  it.each([
    ['sockets without a name', [own(77), own(821652)], ['77', '821652']],
    ['not those with one', [own(77, ' /run/a.sock'), own(78, ' @b')], []],
    [
      'not a row that a name with a line break forges',
      [own(77), own(78, ` @\n${own(99)}`), own(80)],
      ['77', '80'],
    ],
    ['nor one that a path forges', [own(78, ` \n${own(99)}`)], []],
  ])('takes %s', (_, rows, expected) => {
    expect([...parseUnixTable(`${[title, ...rows].join('\n')}\n`)]).toEqual(expected);
  });

  it('passes over a row that was cut in its number', () => {
    expect([...parseUnixTable(`${title}\n${own(77)}\n${own(821652).slice(0, -2)}`)]).toEqual(['77']);
  });
});
