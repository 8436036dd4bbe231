import { describe, expect, it } from 'vitest';
import { fixture, packaged, packagedWith } from '../test/fakes/packaged.ts';
import type { Baseline } from './fingerprint.ts';
import { lint } from './lint.ts';
import { Owners } from './package-owner.ts';
import { packageUse } from './package-use.ts';
import { ownerWords, useWords } from './package-words.ts';
import { readSbom, type Sbom } from './sbom.ts';

const byPackage = readSbom(fixture('syft-debian.spdx.json'));
const listed = readSbom(fixture('syft-debian.cdx.json'));
const none = readSbom(fixture('trivy-debian.cdx.json'));
const ownerOf = (sbom: Sbom, path: string): string => ownerWords(new Owners(sbom).of(path));
const usesOf = (known: Baseline, sbom: Sbom): Record<string, string> =>
  Object.fromEntries(
    packageUse(known, new Owners(sbom), sbom.packages).packages.map((use) => [
      use.package.name,
      useWords(use, known),
    ]),
  );

describe('the package of a path', () => {
  it.each([
    ['/usr/sbin/nginx', '`nginx` `1.22.1-9` (deb)', 'as it stands'],
    ['/bin/dash', '`dash` `0.5.12-2` (deb)', 'the other name of a merged /usr'],
    ['/lib/x86_64-linux-gnu/libssl.so.3', '`libssl3` `3.0.11-1~deb12u2` (deb)', 'the same for libraries'],
    ['/usr/lib/x86_64-linux-gnu/libz.so.1', '`zlib1g` `1:1.2.13.dfsg-1` (deb)', 'the link to a library'],
    ['/usr/lib/x86_64-linux-gnu/libz.so.{version}', '`zlib1g` `1:1.2.13.dfsg-1` (deb)', 'any version'],
    ['/usr/lib/x86_64-linux-gnu/libssl.so.1.1', 'of no package', 'another major version'],
    ['/usr/lib/x86_64-linux-gnu/gconv/{class}', '`libc6` `2.36-9+deb12u4` (deb)', 'a class of one directory'],
    ['/app/node_modules/express/lib/router.js', '`express` `4.18.2` (npm)', 'below a module'],
    [
      '/usr/local/lib/python3.11/site-packages/requests/api.py',
      '`requests` `2.31.0` (pypi)',
      'below a module',
    ],
    [
      '/usr/local/lib/python3.11/site-packages/requests/__pycache__/__init__.cpython-311.pyc',
      '`requests` `2.31.0` (pypi)',
      'compiled from',
    ],
    ['/usr/bin/odd', 'of no package', ''],
  ])('%s: %s %s', (path, words) => {
    expect(ownerOf(byPackage, path)).toBe(words);
  });

  it('prefers the exact name where /usr is not merged', () => {
    const own = (path: string): object => ({ fileName: path, SPDXID: path });
    const of = (name: string, path: string): object => ({
      name,
      versionInfo: '1',
      SPDXID: name,
      hasFiles: [path],
      externalRefs: [{ referenceType: 'purl', referenceLocator: `pkg:apk/alpine/${name}@1` }],
    });
    const split = readSbom(
      Buffer.from(
        JSON.stringify({
          spdxVersion: 'SPDX-2.3',
          files: [own('/bin/x'), own('/usr/bin/x')],
          packages: [of('a', '/usr/bin/x'), of('b', '/bin/x')],
        }),
      ),
    );
    expect(ownerOf(split, '/bin/x')).toBe('`b` `1` (apk)');
    expect(ownerOf(split, '/usr/bin/x')).toBe('`a` `1` (apk)');
  });

  it('is unknown where the SBOM lists no files, and half known where it lists them without owners', () => {
    expect(ownerOf(none, '/usr/sbin/nginx')).toBe('owner unknown');
    expect(ownerOf(none, '/app/server')).toBe(
      '`shop.example/cart` `v1.4.0` (golang) and 1 more in the same file',
    );
    expect(ownerOf(listed, '/usr/sbin/nginx')).toBe('in the SBOM, which does not say whose it is');
    expect(ownerOf(listed, '/usr/bin/odd')).toBe('of no package');
  });
});

describe('what really ran', () => {
  it('is told of each package', () => {
    expect(usesOf(packaged, byPackage)).toEqual({
      'base-files': 'never executed or loaded in 3 copies, 90311 events',
      dash: 'executed (`/usr/bin/dash`)',
      libc6: 'loaded by `nginx`',
      libssl3: 'loaded by `nginx`',
      zlib1g: 'loaded by `nginx`',
      nginx: 'executed (`/usr/sbin/nginx`)',
      curl: 'never executed or loaded in 3 copies, 90311 events',
      'perl-base': 'never executed or loaded in 3 copies, 90311 events',
      express: 'never executed or loaded in 3 copies, 90311 events',
      'golang.org/x/net': 'executed (`/app/server`)',
      requests: 'never executed or loaded in 3 copies, 90311 events',
    });
  });

  it('is less than a file that was read', () => {
    const reader = packagedWith({
      exe: '/app/server',
      files: [{ path: '/etc/nginx/nginx.conf', access: ['read'] }],
    });
    expect(usesOf(reader, byPackage).nginx).toBe(
      'read by `server`, never executed or loaded in 3 copies, 90311 events',
    );
  });

  it('cannot be denied where nothing says which files a package has', () => {
    expect(usesOf(packaged, none).curl).toBe('cannot be told, nothing says which files it has');
  });

  it.each([
    ['events were lost', { observation: { ...packaged.observation, lost: 3 } }, /events were lost/],
    ['loads were not watched', { coverage: ['exec', 'open'] as const }, /did not watch/],
    ['the start was not watched', { phases: ['steady'] as const }, /did not watch/],
  ])('cannot be denied when %s', (_, change, why) => {
    expect(usesOf({ ...packaged, ...change }, byPackage).curl).toMatch(why);
  });

  it('cannot be denied of what Python compiled before', () => {
    const python = packagedWith({
      exe: '/usr/bin/python3.11',
      files: [{ path: '/usr/{image}', access: ['read'] }],
    });
    expect(usesOf(python, byPackage).requests).toMatch(/^cannot be told, Python/);
    expect(usesOf(python, byPackage).curl).toMatch(/^never/);
  });

  it('is not a file of the same name that was written into the container', () => {
    const replaced = packagedWith({ exe: '/usr/bin/curl', origins: ['upper'] });
    expect(usesOf(replaced, byPackage).curl).toMatch(/^never/);
    expect(lint(replaced, new Set(), new Owners(byPackage)).findings.map((f) => f.id)).not.toContain(
      'unowned-program',
    );
  });
});
