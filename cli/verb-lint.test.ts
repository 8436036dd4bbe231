import { describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { fixture, packaged } from '../test/fakes/packaged.ts';
import { main } from './main.ts';

const files = {
  base: JSON.stringify(packaged),
  spdx: fixture('syft-debian.spdx.json'),
  cdx: fixture('trivy-debian.cdx.json'),
  trivy: fixture('trivy-report.json'),
  grype: fixture('grype-report.json'),
};

async function whorl(...args: string[]): Promise<FakeIo> {
  const io = fakeIo(files);
  try {
    await main(args, io);
  } catch {
    // main tells the error itself
  }
  return io;
}
const out = (io: FakeIo): string => io.stdout.join('\n');

describe('whorl lint --sbom', () => {
  it('names the package of each program and library, and what never ran', async () => {
    const io = await whorl('lint', 'base', '--sbom', 'spdx');
    expect(out(io)).toContain(
      'a program in a directory of the system belongs to no package of the SBOM [unowned-program]',
    );
    expect(out(io)).toContain(
      [
        '11 packages in the SBOM (SPDX 2.3 of syft 1.18.1), 6 of them ran',
        '  runs `/app/server`: `golang.org/x/net` `v0.17.0` (golang)',
        '  runs `/usr/bin/dash`: `dash` `0.5.12-2` (deb)',
        '  runs `/usr/bin/odd`: of no package',
      ].join('\n'),
    );
    expect(out(io)).toContain(
      '  loads `/usr/lib/x86_64-linux-gnu/libssl.so.3` into `nginx`: `libssl3` `3.0.11-1~deb12u2` (deb)',
    );
    expect(out(io)).toContain(
      'never executed or loaded in 3 copies, 90311 events: 5 packages\n  - `base-files`',
    );
    expect(io.exitCode).toBe(1);
    expect(io.stderr).toEqual([]);
  });

  it('is silenced by rule or by entry', async () => {
    const io = await whorl('lint', 'base', '--sbom', 'spdx', '--json');
    const findings = JSON.parse(out(io)).findings as { id: string; places: { entries: string[] }[] }[];
    const ids = findings
      .filter((f) => f.id.startsWith('unowned'))
      .flatMap((f) => f.places.flatMap((p) => p.entries));
    expect(ids).toHaveLength(3);
    const allowed = await whorl('lint', 'base', '--sbom', 'spdx', ...ids.flatMap((id) => ['--allow', id]));
    expect(out(allowed)).not.toContain('unowned-');
    expect(allowed.exitCode).toBe(0);
  });

  it('has counts and every package in --json', async () => {
    const told = JSON.parse(out(await whorl('lint', 'base', '--sbom', 'spdx', '--json')));
    expect(told.sbom).toMatchObject({ format: 'SPDX 2.3', tool: 'syft 1.18.1', files: 'by-package' });
    expect(told.uses).toEqual({ executed: 3, loaded: 3, unknown: 0, read: 0, unseen: 5 });
    expect(told.packages).toContainEqual({
      name: 'curl',
      version: '7.88.1-10+deb12u5',
      type: 'deb',
      purl: 'pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12',
      use: 'unseen',
      by: [],
      files: [],
    });
    expect(told.code[3]).toMatchObject({ path: '/usr/sbin/nginx', owner: { packages: [{ name: 'nginx' }] } });
  });

  it('says how to make a better SBOM where it lists no files', async () => {
    const io = await whorl('lint', 'base', '--sbom', 'cdx');
    expect(out(io)).toContain('syft IMAGE -o spdx-json lists the files of each package');
    expect(out(io)).toContain('cannot be told: 8 packages');
    expect(io.exitCode).toBe(0);
  });

  it('tells a file that is no SBOM, or not there, by its name', async () => {
    const wrong = await whorl('lint', 'base', '--sbom', 'trivy');
    expect(wrong.stderr.join('\n')).toMatch(/trivy: is the report of a scanner: that goes with --vulns/);
    const missing = await whorl('lint', 'base', '--sbom', 'gone');
    expect(missing.stderr.join('\n')).toMatch(/cannot read gone/);
  });

  it('notes that the SBOM is of another image', async () => {
    const other = JSON.stringify({
      ...packaged,
      subject: { ...packaged.subject, digest: `sha256:${'ee'.repeat(32)}` },
    });
    const io = fakeIo({ ...files, other });
    await main(['lint', 'other', '--sbom', 'spdx'], io);
    expect(io.stderr.join('\n')).toMatch(/^note: the SBOM is of sha256:abab.*, the baseline of sha256:eeee/);
  });
});

describe('--vulns', () => {
  it('puts what really ran first', async () => {
    const io = await whorl('lint', 'base', '--sbom', 'spdx', '--vulns', 'trivy');
    const lines = out(io).slice(out(io).indexOf('6 vulnerabilities, 3 in packages that ran')).split('\n');
    expect(lines[1]).toMatch(/^ {2}- CVE-2023-45853 \(critical\) in `zlib1g`.*: loaded by `nginx`$/);
    expect(lines[5]).toMatch(/CVE-2023-31484 \(high\).*never executed or loaded in 3 copies, 90311 events$/);
    expect(out(io)).toContain('1 of packages that the SBOM does not name');
    expect(out(io)).toContain('not seen is not out of reach');
  });

  it('works without an SBOM, and changes no exit code', async () => {
    const io = await whorl('lint', 'base', '--vulns', 'grype', '--json');
    const told = JSON.parse(out(io));
    expect(told.vulnerabilities[0]).toMatchObject({
      id: 'GHSA-4374-p667-p6c8',
      aliases: ['CVE-2023-39325'],
      use: 'executed',
      package: { name: 'golang.org/x/net' },
    });
    expect(io.exitCode).toBe(0);
  });
});

describe('whorl inspect --sbom', () => {
  it('shows the package beside each program', async () => {
    const io = await whorl('inspect', 'base', '--sbom', 'spdx');
    expect(out(io)).toContain('`/usr/sbin/nginx` [`nginx` `1.22.1-9` (deb)] from the image, started by');
    expect(out(io)).toContain('`/usr/bin/odd` [of no package] from the image');
    expect(out(io)).toContain('11 packages in the SBOM');
  });

  it('adds to --json what lint does', async () => {
    const told = JSON.parse(out(await whorl('inspect', 'base', '--sbom', 'spdx', '--json')));
    expect(Object.keys(told)).toEqual(['kind', 'document', 'entries', 'sbom', 'uses', 'code', 'packages']);
  });
});
