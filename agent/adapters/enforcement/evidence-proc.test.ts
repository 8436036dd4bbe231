import { describe, expect, it } from 'vitest';
import { parseSocketTable, shownComm } from './evidence-proc.ts';

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

describe('shownComm', () => {
  it.each([
    ['nginx', '/usr/sbin/nginx', 'nginx'],
    ['containerd-shim', '/usr/bin/containerd-shim-runc-v2', 'containerd-shim'],
    ['ghp_16C7e42F292', '/tmp/ghp_16C7e42F292c6912E7710c838347Ae178B4a', '…'],
    ['ghp_16C7e42F292', undefined, '…'],
  ])('%s of %s is %s', (comm, exe, expected) => expect(shownComm(comm, exe)).toBe(expected));
});
