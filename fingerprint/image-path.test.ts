import { describe, expect, it } from 'vitest';
import {
  imagePath,
  isSameLibrary,
  isSystemPath,
  libraryForm,
  pythonSource,
  usrMerged,
} from './image-path.ts';
import { parsePurl, purlKey } from './purl.ts';

describe('imagePath', () => {
  it.each([
    ['./usr/bin/x', '/usr/bin/x'],
    ['usr/bin/x', '/usr/bin/x'],
    ['/usr//bin/./x', '/usr/bin/x'],
    ['app/a.jar/BOOT-INF/lib/b.jar', '/app/a.jar'],
    ['/app/a.jar:lib/b.jar', '/app/a.jar'],
    ['/srv/x.jars/y', '/srv/x.jars/y'],
    ['../etc/shadow', undefined],
    ['', undefined],
    ['/', undefined],
    [`/${'x'.repeat(5000)}`, undefined],
  ])('%s is %s', (text, path) => {
    expect(imagePath(text)).toBe(path);
  });
});

it.each([
  ['/bin/ls', '/usr/bin/ls'],
  ['/lib64/ld-linux-x86-64.so.2', '/usr/lib64/ld-linux-x86-64.so.2'],
  ['/sbin/ip', '/usr/sbin/ip'],
  ['/usr/bin/ls', '/usr/bin/ls'],
  ['/library/x', '/library/x'],
  ['/opt/bin/x', '/opt/bin/x'],
])('%s lies at %s where /usr is merged', (path, merged) => {
  expect(usrMerged(path)).toBe(merged);
});

describe('libraries', () => {
  it('leave their version out as reads do', () => {
    expect(libraryForm('/usr/lib/libz.so.1.2.13')).toBe('/usr/lib/libz.so.{version}');
    expect(libraryForm('/usr/lib/libc-2.31.so')).toBe('/usr/lib/libc-{version}.so');
    expect(libraryForm('/usr/lib/libc.so')).toBeUndefined();
  });

  it.each([
    ['/l/libz.so.1', '/l/libz.so.1.2.13', true],
    ['/l/libz.so.1.2.13', '/l/libz.so.1', true],
    ['/l/libssl.so.1.1', '/l/libssl.so.3', false],
    ['/l/libx.so.1', '/l/libx.so.12', false],
  ])('%s and %s are one library: %s', (a, b, same) => {
    expect(isSameLibrary(a, b)).toBe(same);
  });
});

it('knows the source of compiled Python', () => {
  expect(pythonSource('/srv/__pycache__/app.cpython-311.pyc')).toBe('/srv/app.py');
  expect(pythonSource('/srv/__pycache__/app.cpython-311.opt-1.pyc')).toBe('/srv/app.py');
  expect(pythonSource('/srv/app.pyc')).toBeUndefined();
});

it('tells directories of the system from others', () => {
  for (const path of ['/usr/bin/x', '/lib/x.so', '/usr/libexec/x', '/sbin/x'])
    expect(isSystemPath(path), path).toBe(true);
  for (const path of ['/usr/local/bin/x', '/app/x', '/opt/lib/x.so', '/usr/share/x', '/entrypoint.sh'])
    expect(isSystemPath(path), path).toBe(false);
});

describe('package URLs', () => {
  it.each([
    ['pkg:npm/%40babel/core@7.0.0', { type: 'npm', namespace: '@babel', name: 'core', version: '7.0.0' }],
    ['pkg:npm/@babel/core@7.0.0', { type: 'npm', namespace: '@babel', name: 'core', version: '7.0.0' }],
    ['pkg:npm/@babel/core', { type: 'npm', namespace: '@babel', name: 'core', version: '' }],
    [
      'pkg:golang/golang.org/x/net@v0.17.0#sub',
      { type: 'golang', namespace: 'golang.org/x', name: 'net', version: 'v0.17.0' },
    ],
    ['pkg:deb/debian/x@1%2B2?arch=amd64', { type: 'deb', namespace: 'debian', name: 'x', version: '1+2' }],
    ['pkg:generic/x@100%', { type: 'generic', namespace: '', name: 'x', version: '100%' }],
    ['https://example', undefined],
  ])('%s', (text, parts) => {
    expect(parsePurl(text)).toEqual(parts);
  });

  it('are one where tools keep epoch, qualifiers and case in other places', () => {
    expect(purlKey('pkg:deb/debian/zlib1g@1%3A1.2?arch=amd64')).toBe(
      purlKey('pkg:DEB/debian/zlib1g@1.2?epoch=1'),
    );
    expect(purlKey('pkg:npm/x@1:2')).not.toBe(purlKey('pkg:npm/x@2'));
    expect(purlKey('pkg:npm/x')).toBeUndefined();
  });
});
