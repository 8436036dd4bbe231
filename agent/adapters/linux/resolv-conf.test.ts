import { describe, expect, it } from 'vitest';
import { parseResolvConf } from './resolv-conf.ts';

describe('parseResolvConf', () => {
  it.each<[string, string, readonly string[], readonly string[]]>([
    [
      'servers and search domains',
      'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local\noptions ndots:5\n',
      ['10.96.0.10'],
      ['shop.svc.cluster.local', 'svc.cluster.local'],
    ],
    [
      'no more than three servers',
      'nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4',
      ['1.1.1.1', '2.2.2.2', '3.3.3.3'],
      [],
    ],
    [
      'the own machine when there is none',
      '# nameserver 1.1.1.1\n; nameserver 2.2.2.2\n',
      ['127.0.0.1', '::1'],
      [],
    ],
    [
      'the last list of domains',
      'search a.example\ndomain B.Example.\nnameserver ::1',
      ['::1'],
      ['b.example'],
    ],
    ['an address without its zone', '  nameserver FE80::1%eth0  ', ['fe80::1'], []],
    ['no domain where there is only a dot', 'search .\nnameserver 1.1.1.1\r\n', ['1.1.1.1'], []],
  ])('reads %s', (_what, text, resolvers, search) => {
    expect(parseResolvConf(text)).toEqual({ resolvers, search });
  });
});
