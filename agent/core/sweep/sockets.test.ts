import { describe, expect, it } from 'vitest';
import { foundSockets, type SocketTables } from './sockets.ts';

const drawn = { first: 32_768, last: 60_999 };
const none: SocketTables = { tcp: '', tcp6: '', udp: '', udp6: '', unix: '' };
const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

let slot = 0;
/** A row as the kernel prints it, addresses as hex. */
function row(local: string, remote: string, state: string, inode: number): string {
  slot += 1;
  return `${String(slot).padStart(4)}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
}
const table = (...rows: readonly string[]): string => [head, ...rows, ''].join('\n');
const told = (tables: Partial<SocketTables>): readonly string[] =>
  foundSockets({ ...none, ...tables }, drawn).map(
    (s) => `${s.inode} ${s.kind} ${s.transport} ${s.address}:${s.port}`,
  );

const any = '00000000:0000';
/** 0.0.0.0:80, 10.0.0.7:80, 10.0.0.7:40000, 10.0.0.9:443, 10.0.0.9:50000, 127.0.0.1:53 */
const [http, ownHttp, own, peer, client, resolver] = [
  '00000000:0050',
  '0700000A:0050',
  '0700000A:9C40',
  '0900000A:01BB',
  '0900000A:C350',
  '0100007F:0035',
];

describe('what sockets say of their owners', () => {
  it.each<[string, Partial<SocketTables>, readonly string[]]>([
    ['a listener', { tcp: table(row(http, any, '0A', 7)) }, ['7 listen tcp 0.0.0.0:80']],
    ['a connection', { tcp: table(row(own, peer, '01', 7)) }, ['7 connect tcp 10.0.0.9:443']],
    ['one whose peer has left', { tcp: table(row(own, peer, '08', 7)) }, ['7 connect tcp 10.0.0.9:443']],
    ['one that is being opened', { tcp: table(row(own, peer, '02', 7)) }, ['7 connect tcp 10.0.0.9:443']],
    ['one that is closed', { tcp: table(row(own, peer, '06', 0), row(own, peer, '04', 7)) }, []],
    [
      'one that was let in',
      { tcp: table(row(http, any, '0A', 7), row(ownHttp, client, '01', 8)) },
      ['7 listen tcp 0.0.0.0:80'],
    ],
    ['one that was let in by a listener that is gone', { tcp: table(row(ownHttp, client, '01', 8)) }, []],
    [
      'one that was let in on a drawn port',
      { tcp: table(row('00000000:9C40', any, '0A', 7), row(own, client, '01', 8)) },
      ['7 listen tcp 0.0.0.0:40000'],
    ],
    [
      'IPv6, and IPv4 inside it',
      {
        tcp6: table(
          row('00000000000000000000000000000000:01BB', '00000000000000000000000000000000:0000', '0A', 7),
          row('B80D0120000000000000000007000000:9C40', 'B80D0120000000000000000009000000:01BB', '01', 8),
          row('0000000000000000FFFF00000700000A:9C40', '0000000000000000FFFF00000900000A:01BB', '01', 9),
        ),
      },
      ['7 listen tcp :::443', '8 connect tcp 2001:db8::9:443', '9 connect tcp 10.0.0.9:443'],
    ],
    ['datagrams to a peer', { udp: table(row(own, resolver, '01', 7)) }, ['7 connect udp 127.0.0.1:53']],
    ['a chosen port for datagrams', { udp: table(row(http, any, '07', 7)) }, ['7 listen udp 0.0.0.0:80']],
    ['a drawn port for datagrams', { udp: table(row(own, any, '07', 7)) }, []],
    ['what is no table', { tcp: 'x\ny\n', udp: '\n\n1: 2 3', unix: 'x\ny' }, []],
  ])('%s', (_, tables, expected) => expect(told(tables)).toEqual(expected));
});

describe('unix sockets', () => {
  const unixHead = 'Num       RefCount Protocol Flags    Type St Inode Path';
  const unix = (flags: string, inode: number, name = ''): string =>
    `ffff888100000000: 00000002 00000000 ${flags} 0001 01 ${String(inode).padStart(5)}${name === '' ? '' : ` ${name}`}`;
  const listening = '00010000';

  it('are told when they listen under a name', () => {
    const text = [
      unixHead,
      unix(listening, 21, '/run/app.sock'),
      unix(listening, 22, '@abstract'),
      unix('00000000', 23, '/run/app.sock'),
      unix(listening, 24),
      '',
    ].join('\n');
    expect(told({ unix: text })).toEqual(['21 listen unix /run/app.sock:0', '22 listen unix @abstract:0']);
  });

  it('cannot be made listeners by a name that holds a row', () => {
    const forged = `/tmp/x\n${unix(listening, 30, '/evil')}`;
    const text = [unixHead, unix('00000000', 30), unix('00000000', 31, forged), ''].join('\n');
    expect(told({ unix: text })).toEqual([]);
  });
});
