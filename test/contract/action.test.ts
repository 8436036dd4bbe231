import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOn, markerOf, readInputs } from '../../cli/action/inputs.ts';
import { action } from '../../cli/action/main.ts';
import { block, commentPage, type Part, summaryPage } from '../../cli/action/page.ts';
import { type CommentResult, stickyComment } from '../../cli/action/sticky-comment.ts';
import { watch, withoutForgeFiles } from '../../cli/action/watch.ts';
import { actionFile, type Forge, startForge } from '../fakes/github.ts';

/** What a reader of action.yml relies on; test/e2e/action.test.ts runs its steps. */
describe('action.yml', () => {
  it('has the shape of a composite action', () => {
    expect(actionFile.runs.using).toBe('composite');
    for (const input of Object.values(actionFile.inputs))
      expect(input).toMatchObject({ description: expect.any(String), default: expect.any(String) });
    for (const output of Object.values(actionFile.outputs))
      expect(output.value).toMatch(/^\$\{\{ steps\.watch\.outputs\.[a-z-]+ \}\}$/);
    for (const step of actionFile.runs.steps)
      expect(step).toMatchObject({ shell: 'bash', name: expect.any(String), run: expect.any(String) });
  });

  it('gives inputs to no script but by the environment', () => {
    for (const step of actionFile.runs.steps) expect(step.run, step.name).not.toContain('${{');
  });

  it('gives the token to the step that comments, and to no other', () => {
    const holders = actionFile.runs.steps.filter((s) => /token/.test(JSON.stringify(s.env)));
    expect(holders.map((s) => s.name)).toEqual(['Comment']);
  });
});

describe('inputs', () => {
  it('are read from the environment, lists by line or comma', () => {
    const read = readInputs({
      INPUT_COMMAND: ' make test ',
      INPUT_IMAGES: 'a/b\nc/d, e/f\n',
      INPUT_SBOM: 'cart=x.json\ny.json',
    });
    expect(read).toMatchObject({
      mode: 'check',
      command: 'make test',
      images: ['a/b', 'c/d', 'e/f'],
      runs: '1',
      out: 'whorl',
    });
    expect([...read.sboms]).toEqual([
      ['cart', 'x.json'],
      ['', 'y.json'],
    ]);
  });

  it.each([
    ['a mode nobody knows', { INPUT_MODE: 'maybe' }, 'mode must be one of check, update, diff, lint'],
    ['no command', { INPUT_MODE: 'check' }, 'mode check needs a command'],
    ['nothing to compare with', { INPUT_MODE: 'diff' }, 'mode diff needs base'],
  ])('are refused: %s', (_, env, why) => {
    expect(() => readInputs(env)).toThrow(why);
  });

  it('are true, false or a mistake', () => {
    expect([isOn({}, 'COMMENT'), isOn({ INPUT_COMMENT: 'False' }, 'COMMENT')]).toEqual([true, false]);
    expect(() => isOn({ INPUT_COMMENT: 'perhaps' }, 'COMMENT')).toThrow('comment must be true or false');
  });

  it('name a step that there is', async () => {
    expect(await action('dance', {})).toBe(2);
  });

  it.each(['x --> ![](https://evil.example)', 'a--b', '', 'x'.repeat(101)])(
    'that would end the marker stand in it as a hash: %s',
    (out) => {
      expect(markerOf(out)).toMatch(/^<!-- whorl: [0-9a-f]{64} -->$/);
    },
  );

  it('give each directory a comment of its own', () => {
    expect(markerOf('whorl/prod')).toBe('<!-- whorl: whorl/prod -->');
  });
});

describe('what is tested', () => {
  it('cannot speak to the steps after it', () => {
    const env = { PATH: '/bin', GITHUB_SHA: 'x', GITHUB_ENV: '/e', GITHUB_PATH: '/p', GITHUB_OUTPUT: '/o' };
    expect(withoutForgeFiles(env)).toEqual({ PATH: '/bin', GITHUB_SHA: 'x' });
  });

  it('is told when its baseline is gone', async () => {
    const root = mkdtempSync(join(tmpdir(), 'whorl-action-'));
    for (const name of ['old', 'new']) mkdirSync(join(root, name));
    writeFileSync(join(root, 'old', 'cart.json'), '{}');
    const inputs = readInputs({
      INPUT_MODE: 'diff',
      INPUT_BASE: join(root, 'old'),
      INPUT_OUT: join(root, 'new'),
    });
    const verdict = await watch(inputs, {});
    rmSync(root, { recursive: true });
    expect(verdict).toMatchObject({ changed: true, widened: false, exitCode: 0 });
    expect(verdict.parts[0]?.markdown).toContain('<code>cart</code> was removed');
  });
});

describe('the page', () => {
  const part = (n: number): Part => ({ name: `n${n}`, markdown: `${n}`.repeat(20_000), quiet: false });

  it('holds as many whole parts as a comment takes, and counts the rest', () => {
    const page = commentPage('<!-- m -->', 'more', [part(1), part(2), part(3), part(4)]);
    expect(page.length).toBeLessThan(65_536);
    expect(page).toContain('1'.repeat(20_000));
    expect(page).toContain('and 2 more; the summary of the job has all of it');
  });

  it('is no summary that the forge throws away for its size, and news comes first', () => {
    const parts = Array.from({ length: 30 }, (_, n) => ({ ...part(n), quiet: n > 0 }));
    const page = summaryPage('more', parts.toReversed());
    expect(Buffer.byteLength(page)).toBeLessThan(1 << 20);
    expect(page.slice(0, 40)).toContain('0'.repeat(20));
    expect(page).toMatch(/and \d+ more; the files have all of it/);
  });

  it('leaves out of a comment what is no news', () => {
    expect(commentPage('<!-- m -->', 'same', [{ ...part(1), quiet: true }])).toBe(
      '<!-- m -->\n## Whorl: same\n\n',
    );
  });

  it('lets no text out of its block', () => {
    const text = 'a ```\n````\n</details> b';
    expect(
      block('t', text)
        .split('\n')
        .filter((line) => /^`{5}(?:text)?$/.test(line)),
    ).toHaveLength(2);
  });
});

describe('the one comment', () => {
  let forge: Forge;
  beforeEach(async () => {
    forge = await startForge();
  });
  afterEach(async () => await forge.close());
  const marker = '<!-- whorl: whorl -->';
  const say = async (text: string, speaks = true): Promise<CommentResult> =>
    await stickyComment(
      { url: forge.url, token: 't', repository: 'shop/cart', pull: 7 },
      { marker, body: `${marker}\n${text}`, speaks },
    );
  const stand = (body: string, type: string, author: string): void =>
    void forge.comments.push({
      id: forge.comments.length + 1,
      body,
      user: { type },
      author_association: author,
    });

  it('is made, found again behind a hundred others, and changed in place', async () => {
    for (let i = 0; i < 150; i++) stand('hello', 'User', 'NONE');
    expect(await say('one')).toEqual({ kind: 'created' });
    expect(await say('two')).toEqual({ kind: 'updated' });
    expect(forge.comments).toHaveLength(151);
    expect(forge.comments[150]?.body).toBe(`${marker}\ntwo`);
  });

  it('is not begun to say nothing, but brought up to date', async () => {
    expect(await say('same', false)).toEqual({ kind: 'needless' });
    await say('more');
    expect(await say('same', false)).toEqual({ kind: 'updated' });
  });

  it.each([
    ['a stranger', 'User', 'NONE', 'created'],
    ['somebody who contributed once', 'User', 'CONTRIBUTOR', 'created'],
    ['a member, with a token of his own', 'User', 'MEMBER', 'updated'],
    ['the bot of the workflow', 'Bot', 'NONE', 'updated'],
  ])('written by %s is taken for ours or not', async (_, type, author, kind) => {
    stand(`${marker}\nall is well`, type, author);
    expect(await say('more')).toEqual({ kind });
  });

  it('is not found in the middle of another', async () => {
    stand(`look: ${marker}`, 'Bot', 'NONE');
    expect(await say('more')).toEqual({ kind: 'created' });
  });

  it.each([
    [401, /may not comment/],
    [403, /may not comment/],
    [404, /may not comment/],
    [500, /answered 500/],
  ])('that the forge refuses with %i is a reason, not a failure', async (status, why) => {
    forge.refuses = status;
    expect(await say('more')).toEqual({ kind: 'refused', why: expect.stringMatching(why) });
  });

  it('without a forge is a reason as well', async () => {
    const nowhere = { url: 'http://127.0.0.1:1', token: 't', repository: 'shop/cart', pull: 7 };
    expect(await stickyComment(nowhere, { marker, body: marker, speaks: true })).toMatchObject({
      kind: 'refused',
    });
  });
});
