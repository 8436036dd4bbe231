import { describe, expect, it } from 'vitest';
import { fixture } from '../test/fakes/packaged.ts';
import { FingerprintError } from './errors.ts';
import { Owners } from './package-owner.ts';
import { readSbom, type Sbom } from './sbom.ts';
import type { PackageFiles } from './software-package.ts';

const read = (document: unknown): Sbom => readSbom(Buffer.from(JSON.stringify(document)));
const named = (sbom: Sbom, name: string): PackageFiles | undefined =>
  sbom.packages.find((p) => p.name === name);
const refusal = (document: unknown): string => {
  try {
    read(document);
    return 'read';
  } catch (error) {
    return error instanceof FingerprintError
      ? `${error.code} ${error.field}: ${error.message}`
      : String(error);
  }
};

describe('SBOMs as tools write them', () => {
  it.each([
    ['syft-debian.cdx.json', 'CycloneDX 1.6', 'syft 1.18.1', 10, ['ab']],
    ['syft-debian.spdx.json', 'SPDX 2.3', 'syft 1.18.1', 11, ['ab']],
    ['trivy-debian.cdx.json', 'CycloneDX 1.6', 'trivy 0.58.1', 11, ['ab', 'cd']],
    ['trivy-debian.spdx.json', 'SPDX 2.3', 'trivy 0.58.1', 10, ['ab']],
    ['has-files-2.2.spdx.json', 'SPDX 2.2', 'tern 2.12.1', 2, []],
    ['cdxgen.cdx.json', 'CycloneDX 1.5', 'cdxgen 10.11.0', 1, []],
  ])('%s: format, tool, packages, image', (file, format, tool, packages, digests) => {
    const sbom = readSbom(fixture(file));
    expect({ format: sbom.format, tool: sbom.tool, notes: sbom.notes }).toEqual({ format, tool, notes: [] });
    expect(sbom.packages).toHaveLength(packages);
    expect([...sbom.digests].sort()).toEqual(digests.map((d) => `sha256:${d.repeat(32)}`));
  });

  it('takes name, version and type of a package as its purl has them', () => {
    expect(named(readSbom(fixture('syft-debian.cdx.json')), 'curl')).toMatchObject({
      version: '7.88.1-10+deb12u5',
      type: 'deb',
      purl: 'pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12',
    });
  });

  it('takes the lists of package managers for what they are: of files they say nothing', () => {
    const sbom = readSbom(fixture('syft-debian.cdx.json'));
    expect(named(sbom, 'nginx')).toMatchObject({ files: [], complete: false });
    expect(sbom.listed.has('/usr/sbin/nginx')).toBe(true);
  });

  it('takes what a package contains, whichever end says it', () => {
    const files = { files: ['/usr/sbin/nginx', '/etc/nginx/nginx.conf'], complete: true };
    expect(named(readSbom(fixture('syft-debian.spdx.json')), 'nginx')).toMatchObject(files);
    const older = readSbom(fixture('has-files-2.2.spdx.json'));
    expect(named(older, 'busybox')?.files).toEqual(['/bin/busybox']);
    expect(named(older, 'musl')?.files).toEqual(['/lib/ld-musl-x86_64.so.1']);
  });

  it.each([
    ['syft-debian.cdx.json', 'golang.org/x/net', ['/app/server']],
    ['syft-debian.spdx.json', 'golang.org/x/net', ['/app/server']],
    ['trivy-debian.cdx.json', 'golang.org/x/net', ['/app/server']],
    ['trivy-debian.spdx.json', 'golang.org/x/net', ['/app/server']],
    ['trivy-debian.cdx.json', 'org.apache.logging.log4j:log4j-core', ['/app/lib/log4j-core-2.14.1.jar']],
    ['trivy-debian.spdx.json', 'org.apache.logging.log4j:log4j-core', ['/app/lib/log4j-core-2.14.1.jar']],
  ])('%s: %s lies in the file that holds it', (file, name, files) => {
    expect(named(readSbom(fixture(file)), name)).toMatchObject({ files, complete: true });
  });

  it('gives a Node module the directory it is installed in', () => {
    expect(named(readSbom(fixture('syft-debian.spdx.json')), 'express')?.directories).toEqual([
      '/app/node_modules/express',
    ]);
    expect(named(readSbom(fixture('cdxgen.cdx.json')), '@scope/tool')).toMatchObject({
      directories: ['/app/node_modules/@scope/tool'],
      files: ['/app/bin/tool-native'],
    });
  });

  it('does not take a lock file for code', () => {
    const sbom = read({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      components: [
        {
          type: 'library',
          name: 'lodash',
          version: '4.17.21',
          purl: 'pkg:npm/lodash@4.17.21',
          properties: [{ name: 'syft:location:0:path', value: '/app/package-lock.json' }],
        },
      ],
    });
    expect(sbom.packages[0]).toMatchObject({ files: [], directories: [], complete: false });
  });
});

describe('an SBOM that cannot be read', () => {
  it.each([
    [
      { bomFormat: 'CycloneDX', specVersion: '2.0' },
      /^SCHEMA specVersion: is "2.0"; 1\.4, 1\.5, 1\.6 are read/,
    ],
    [{ spdxVersion: 'SPDX-3.0' }, /^SCHEMA spdxVersion/],
    [{ '@graph': [] }, /SPDX 3/],
    [{ artifacts: [], descriptor: {} }, /syft's own JSON/],
    [{ Results: [] }, /--vulns/],
    [{}, /neither CycloneDX JSON nor SPDX JSON/],
    [{ bomFormat: 'CycloneDX', specVersion: '1.6', components: {} }, /^SCHEMA components: must be a list/],
    [
      { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ type: 'library' }] },
      /^SCHEMA components\[0\]\.name/,
    ],
    [{ spdxVersion: 'SPDX-2.3', files: [{}] }, /^SCHEMA files\[0\]\.fileName/],
  ])('%j', (document, why) => {
    expect(refusal(document)).toMatch(why);
  });

  it('has more packages, files or depth than anything real', () => {
    const file = { type: 'file', name: '/x' };
    const many = { bomFormat: 'CycloneDX', specVersion: '1.6', components: Array(200_001).fill(file) };
    expect(refusal(many)).toMatch(/^TOO_LARGE : names more than 200000 files/);
    const nested = `${'{"components":['.repeat(70)}${']}'.repeat(70)}`;
    expect(() => readSbom(Buffer.from(nested))).toThrow(/nested deeper than 64/);
    expect(() => readSbom(new Uint8Array((64 << 20) + 1))).toThrow(/at most 67108864 are read/);
  });

  it('counts each step through a graph that would be walked for hours', () => {
    const places = Array.from({ length: 200 }, (_, i) => ({
      type: 'application',
      name: `p${i}`,
      'bom-ref': `p${i}`,
    }));
    const dependencies = places.map((p) => ({
      ref: p['bom-ref'],
      dependsOn: places.map((q) => q['bom-ref']),
    }));
    expect(refusal({ bomFormat: 'CycloneDX', specVersion: '1.6', components: places, dependencies })).toMatch(
      /^TOO_LARGE : its dependencies/,
    );
  });
});

describe('an SBOM that says one thing a hundred thousand times', () => {
  const many = <T>(value: T): T[] => Array.from({ length: 100_000 }, () => value);

  // Each took minutes while its cost was the square of its size.
  it('is read all the same', { timeout: 20_000 }, () => {
    const component = { type: 'library', name: 'x', properties: many({ name: 'y' }) };
    const cyclone = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [component] };
    expect(read(cyclone).packages).toHaveLength(1);
    const packages = many({ name: 'x', SPDXID: 'y', primaryPackagePurpose: 'FILE' });
    const spdx = { spdxVersion: 'SPDX-2.3', documentDescribes: many('x'), packages };
    expect(read(spdx).packages).toEqual([]);
  });

  it('is refused where all of its packages are to own one file', () => {
    const place = { location: '/app/package.json' };
    const component = { type: 'library', name: 'x', purl: 'pkg:npm/x@1', evidence: { occurrences: [place] } };
    const components = Array.from({ length: 4097 }, () => component);
    const sbom = read({ bomFormat: 'CycloneDX', specVersion: '1.6', components });
    expect(() => new Owners(sbom)).toThrow(/belongs to more than 4096 packages/);
  });
});

it('tells a version it was not tested with, and reads it', () => {
  const sbom = read({
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    components: [{ type: 'library', name: 'x' }],
  });
  expect(sbom.packages).toHaveLength(1);
  expect(sbom.notes).toEqual(['CycloneDX 1.7 is not a version this was tested with (1.4, 1.5, 1.6)']);
});

it('passes over members of another shape that do not matter', () => {
  const component = {
    type: 'library',
    name: 'x',
    version: 7,
    purl: ['no'],
    properties: [null, { name: 'y' }],
  };
  const document = { bomFormat: 'CycloneDX', specVersion: '1.4', components: [component], metadata: 'none' };
  expect(read(document).packages[0]).toMatchObject({ name: 'x', version: '', type: '' });
});
