import { describe, expect, it } from 'vitest';
import { addressesOf, parseFibTrie, parseIfInet6 } from './net-namespace.ts';

const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.88.0.0/16 2 0 2
        +-- 10.88.0.0/28 2 0 2
           |-- 10.88.0.0
              /16 link UNICAST
           |-- 10.88.0.7
              /32 host LOCAL
        |-- 10.88.255.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 169.254.1.1
        /32 host LOCAL
Local:
     +-- 10.88.0.0/16 2 0 2
           |-- 10.88.0.7
              /32 host LOCAL
           |-- 192.168.5.5
              /32 link UNICAST
              /32 host LOCAL
`;

const inet6 = `fd000000000000000000000000000007 02 40 00 80     eth0
20010db8000000010000000000000001 02 40 00 00     eth0
fe80000000000000007cf9fffe2fb013 02 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
nonsense
`;

describe('addresses of a network namespace', () => {
  it('are the local leaves of the routing trie, each once, without loopback and link-local', () => {
    expect(parseFibTrie(trie)).toEqual(['10.88.0.7', '192.168.5.5']);
    expect(parseFibTrie('')).toEqual([]);
  });

  it('are the IPv6 addresses of global scope, in their one spelling', () => {
    expect(parseIfInet6(inet6)).toEqual(['fd00::7', '2001:db8:0:1::1']);
    expect(parseIfInet6('')).toEqual([]);
  });

  it("are none in the host's own namespace, nor of a process that is gone", async () => {
    expect(await addressesOf(process.pid)).toEqual([]);
    expect(await addressesOf(2 ** 30)).toEqual([]);
  });
});
