import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { type Forge, startForge, type Use, type Used, useAction } from '../fakes/github.ts';
import { packaged, packagedPrograms } from '../fakes/packaged.ts';

/** The action as a runner runs it: action.yml's own steps, a forge on loopback, the real command line. */
let workspace = '';
let forge: Forge;
beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'whorl-action-'));
  forge = await startForge();
});
afterEach(async () => {
  rmSync(workspace, { recursive: true });
  await forge.close();
});

const committed = {
  ...packaged,
  behaviour: { programs: packagedPrograms.filter((p) => p.exe !== '/usr/bin/odd') },
};
const put = (directory: string, name: string, baseline: Baseline): void => {
  mkdirSync(join(workspace, directory), { recursive: true });
  writeFileSync(join(workspace, directory, `${name}.json`), JSON.stringify(baseline));
};
const use = async (more: Partial<Use> = {}): Promise<Used> =>
  await useAction({ workspace, forge, with: { mode: 'diff', base: 'before', out: 'whorl' }, ...more });
const marker = '<!-- whorl: whorl -->';

it('installs what the lock file says, without scripts', async () => {
  put('before', 'cart', packaged);
  put('whorl', 'cart', packaged);
  expect((await use()).log).toMatch(/^npm ci --ignore-scripts --omit=dev/);
});

describe('a pull request that allows more', () => {
  beforeEach(() => {
    put('before', 'cart', committed);
    put('whorl', 'cart', packaged);
  });

  it('fails with 1, says why in summary and comment, and tells the workflow', async () => {
    const used = await use();
    expect(used.code).toBe(1);
    expect(used.outputs).toMatchObject({ changed: 'true', widened: 'true', 'exit-code': '1' });
    expect(used.summary).toContain('## Whorl: more is allowed than before');
    expect(used.summary).toContain('| Severity | What it allows now |');
    expect(forge.comments).toHaveLength(1);
    expect(forge.comments[0]?.body.startsWith(`${marker}\n`)).toBe(true);
    expect(forge.comments[0]?.body).toContain('<code>odd</code>');
    expect(forge.requests.every((r) => r.endsWith(' Bearer ghs_job'))).toBe(true);
  });

  it('changes its one comment in place', async () => {
    await use();
    put('before', 'cart', packaged);
    const used = await use();
    expect(used.code).toBe(0);
    expect(forge.comments).toHaveLength(1);
    expect(forge.comments[0]?.body).toContain('nothing has changed');
  });

  it('warns and keeps its verdict when its token may not comment', async () => {
    forge.refuses = 403;
    const used = await use();
    expect(used.code).toBe(1);
    expect(used.log).toContain('::warning title=whorl::no comment:');
    expect(used.summary).toContain('more is allowed than before');
  });

  it('does without a token and without a forge', async () => {
    const without = await use({ with: { mode: 'diff', base: 'before', token: '' } });
    expect(without.log).toContain('no comment: there is no token for it');
    expect(without.code).toBe(1);
    const { forge: _, ...nowhere } = { workspace, forge, with: { mode: 'diff', base: 'before' } };
    expect((await useAction({ ...nowhere, env: { GITHUB_API_URL: 'http://127.0.0.1:1' } })).code).toBe(1);
    expect(forge.requests).toEqual([]);
  });

  it('writes no comment when told so, or when no pull request is there', async () => {
    expect((await use({ with: { mode: 'diff', base: 'before', comment: 'false' } })).ran).not.toContain(
      'Comment',
    );
    await use({ event: { ref: 'refs/heads/main' } });
    expect(forge.requests).toEqual([]);
  });

  it('warns of the event that hands strangers a token', async () => {
    const used = await use({ env: { GITHUB_EVENT_NAME: 'pull_request_target' } });
    expect(used.log).toContain('::warning title=whorl::pull_request_target');
  });

  it('adds what SBOM and scanner say', async () => {
    const fixture = (name: string): string => join(import.meta.dirname, '..', 'fixtures', 'sbom', name);
    const used = await use({
      with: {
        mode: 'diff',
        base: 'before',
        sbom: `cart=${fixture('syft-debian.spdx.json')}`,
        vulns: fixture('trivy-report.json'),
      },
    });
    expect(used.summary).toContain('11 packages in the SBOM');
    expect(used.summary).toContain('CVE-2023-45853 (critical) in `zlib1g`');
    expect(used.code).toBe(1);
  });
});

describe('a pull request that allows nothing more', () => {
  it('passes and begins no comment', async () => {
    put('before', 'cart', packaged);
    put('whorl', 'cart', packaged);
    const used = await use();
    expect(used).toMatchObject({
      code: 0,
      outputs: { changed: 'false', widened: 'false', 'exit-code': '0' },
    });
    expect(forge.comments).toEqual([]);
  });

  it('tells that it allows less', async () => {
    put('before', 'cart', packaged);
    put('whorl', 'cart', committed);
    const used = await use();
    expect(used).toMatchObject({ code: 0, outputs: { changed: 'true', widened: 'false' } });
    expect(forge.comments[0]?.body).toContain('changed, and nothing more is allowed');
  });
});

it('asks for a baseline that is not there yet', async () => {
  put('before', 'cart', packaged);
  put('whorl', 'cart', packaged);
  put('whorl', 'mail', packaged);
  const used = await use();
  expect(used.code).toBe(1);
  expect(used.summary).toContain('<code>mail</code> has no baseline yet');
});

it('lints what is committed', async () => {
  const widely = { ...packaged, coverage: ['exec', 'load'] as const };
  put('whorl', 'cart', widely);
  const used = await use({ with: { mode: 'lint' } });
  expect(used.code).toBe(1);
  expect(used.summary).toContain('programs, files or connections are not judged');
});

describe('inputs', () => {
  it('that make no sense are refused with 2', async () => {
    const used = await use({ with: { mode: 'maybe' } });
    expect(used.code).toBe(2);
    expect(used.log).toContain('::error title=whorl::mode must be one of check, update, diff, lint');
    expect(used.outputs['exit-code']).toBe('2');
  });

  it('are never run, whatever stands in them', async () => {
    const trap = '$(touch pwned)`touch pwned`"; touch pwned; "';
    put('before', 'cart', packaged);
    const used = await use({
      with: { mode: 'diff', base: 'before', out: trap, sbom: trap, images: trap, runs: trap, name: trap },
    });
    expect(used.code).toBe(0);
    expect(existsSync(join(workspace, 'pwned'))).toBe(false);
  });
});

describe('recording', () => {
  const record = async (mode: string, command: string): Promise<Used> =>
    await use({ with: { mode, command, name: 'tool' }, env: { WHORL_DATA_DIR: join(workspace, 'data') } });
  const cat = 'cat /etc/hostname';

  it('writes, then finds nothing new, then what a changed program does more', async () => {
    const first = await record('check', cat);
    expect(first.outputs, first.log).toMatchObject({ 'exit-code': '1', widened: 'true' });
    expect(first.summary).toContain('<code>tool</code> has no baseline yet');
    expect(existsSync(join(workspace, 'whorl'))).toBe(false);

    const written = await record('update', cat);
    expect(written.outputs, written.log).toMatchObject({ 'exit-code': '0' });
    expect(existsSync(join(workspace, 'whorl', 'tool.json'))).toBe(true);

    const same = await record('check', cat);
    expect(same.outputs, same.log).toMatchObject({ 'exit-code': '0', changed: 'false' });

    const more = await record('check', `${cat}; uname`);
    expect(more.outputs, more.log).toMatchObject({ 'exit-code': '1', widened: 'true' });
    expect(more.summary).toContain('<code>uname</code>');
    expect(more.code).toBe(1);
  });

  it('says that the command failed, and compares nothing', async () => {
    const used = await record('check', 'false');
    expect(used.code).toBe(1);
    expect(used.summary).toContain('the command failed, so nothing was recorded');
  });

  it('shows the command no token', async () => {
    const used = await record('update', 'env');
    expect(used.log).toContain('INPUT_COMMAND=env');
    expect(used.log).not.toContain('ghs_job');
  });
});
