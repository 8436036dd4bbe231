import { describe, expect, it } from 'vitest';
import { codeMappings, withoutMark } from './mappings.ts';

const exe = `55d0a1c00000-55d0a1c02000 r--p 00000000 08:01 11                         /usr/sbin/nginx
55d0a1c02000-55d0a1c08000 r-xp 00002000 08:01 11                         /usr/sbin/nginx`;
const loader = `7f0000200000-7f0000201000 r--p 00000000 08:01 13                         /usr/lib/ld-linux-x86-64.so.2
7f0000201000-7f0000230000 r-xp 00001000 08:01 13                         /usr/lib/ld-linux-x86-64.so.2`;
const libc = `7f0000000000-7f0000020000 r--p 00000000 08:01 12                         /usr/lib/libc.so.6
7f0000020000-7f0000180000 r-xp 00020000 08:01 12                         /usr/lib/libc.so.6`;

/** AT_PHDR, AT_BASE, AT_ENTRY and the end, in words of that size. */
function auxv(word: 4 | 8, base = 0x7f0000200000, entry = 0x55d0a1c03000): Uint8Array {
  const bytes = Buffer.alloc(8 * word);
  const put = (i: number, value: number): void => {
    if (word === 8) bytes.writeBigUInt64LE(BigInt(value), i * 8);
    else bytes.writeUInt32LE(value, i * 4);
  };
  for (const [i, value] of [3, entry - 0x1000, 7, base, 9, entry, 0, 0].entries()) put(i, value);
  return bytes;
}

const mapped = (maps: string, aux = auxv(8)) =>
  codeMappings(Buffer.from(maps, 'latin1'), aux)?.map((m) => m.path + (m.marked ? '!' : ''));

describe('codeMappings', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'leaves out what the kernel mapped: the executable and its loader',
      [exe, libc, loader].join('\n'),
      ['/usr/lib/libc.so.6'],
    ],
    ['leaves out data', `${exe}\n7f1000000000-7f1000001000 r--p 00000000 08:01 20 /usr/share/x`, []],
    ['leaves out what has no file', `${exe}\n7fff00000000-7fff00002000 r-xp 00000000 00:00 0 [vdso]`, []],
    [
      'tells each file once',
      `${libc}\n7f0000300000-7f0000310000 r-xp 00020000 08:01 12 /usr/lib/libc.so.6`,
      ['/usr/lib/libc.so.6'],
    ],
    [
      'keeps apart another file under the name of the loader',
      `${loader}\n7f2000000000-7f2000010000 r-xp 00000000 08:01 99 /usr/lib/ld-linux-x86-64.so.2`,
      ['/usr/lib/ld-linux-x86-64.so.2'],
    ],
    [
      'keeps names as they are',
      '7f2000000000-7f2000010000 r-xp 00000000 00:25 1 /tmp/a b (deleted)\n7f3000000000-7f3000010000 rwxp 00000000 00:01 2 /memfd:x (deleted)',
      ['/tmp/a b (deleted)!', '/memfd:x (deleted)!'],
    ],
    [
      'writes what is not UTF-8 as the sensor does',
      '7f2000000000-7f2000010000 r-xp 00000000 00:25 1 /tmp/\xff',
      ['/tmp/\\xff'],
    ],
  ])('%s', (_, maps, expected) => expect(mapped(maps)).toEqual(expected));

  it('reads the words of a 32-bit process', () => {
    const maps = `08048000-08049000 r-xp 00000000 08:01 5 /opt/old\nf7fc0000-f7fe0000 r-xp 00000000 08:01 6 /lib/ld.so\nf7e00000-f7f00000 r-xp 00000000 08:01 7 /lib/libc.so.6`;
    expect(mapped(maps, auxv(4, 0xf7fc0000, 0x08048100))).toEqual(['/lib/libc.so.6']);
  });

  it('says nothing where the kernel noted nothing', () => {
    expect(mapped(exe, new Uint8Array())).toBeUndefined();
    expect(mapped(exe, Buffer.from('not what it should be, by far'))).toBeUndefined();
  });
});

it('takes the mark of a lost name off, once', () => {
  expect(withoutMark('/tmp/x (deleted)')).toBe('/tmp/x');
  expect(withoutMark('/tmp/x (deleted) (deleted)')).toBe('/tmp/x (deleted)');
  expect(withoutMark('/tmp/x')).toBe('/tmp/x');
});
