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

  it('changes its one comment in place, also where a hundred others stand before it', async () => {
    for (let i = 1; i <= 150; i++)
      forge.comments.push({ id: i, body: 'hello', user: { type: 'User' }, author_association: 'NONE' });
    await use();
    expect(forge.comments).toHaveLength(151);
    put('before', 'cart', packaged);
    const used = await use();
    expect(used.code).toBe(0);
    expect(forge.comments).toHaveLength(151);
    expect(forge.comments[150]?.body).toContain('nothing has changed');
  });

  it("does not take a stranger's comment for its own", async () => {
    forge.comments.push({
      id: 1,
      body: `${marker}\nall is well`,
      user: { type: 'User' },
      author_association: 'NONE',
    });
    await use();
    expect(forge.comments).toHaveLength(2);
    expect(forge.comments[0]?.body).toBe(`${marker}\nall is well`);
  });

  it.each([401, 403, 404, 500])('warns and keeps its verdict when the forge answers %i', async (status) => {
    forge.refuses = status;
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
  it.each([
    ['a mode nobody knows', { mode: 'maybe' }, 'mode must be one of check, update, diff, lint'],
    ['no command', { mode: 'check' }, 'mode check needs a command'],
    ['nothing to compare with', { mode: 'diff' }, 'mode diff needs base'],
    ['neither true nor false', { mode: 'lint', comment: 'perhaps' }, 'comment must be true or false'],
  ])('are refused with 2: %s', async (_, given, why) => {
    const used = await use({ with: given });
    expect(used.code).toBe(2);
    expect(used.log).toContain(`::error title=whorl::${why}`);
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

  it('of a name that would end the marker begin with its hash', async () => {
    const out = 'x --> ![](https://evil.example)';
    put('before', 'cart', committed);
    put(out, 'cart', packaged);
    await use({ with: { mode: 'diff', base: 'before', out } });
    expect(forge.comments[0]?.body).toMatch(/^<!-- whorl: [0-9a-f]{64} -->\n/);
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
