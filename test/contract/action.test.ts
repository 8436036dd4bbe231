import { describe, expect, it } from 'vitest';
import { markerOf, readInputs } from '../../cli/action/inputs.ts';
import { block, commentPage, type Part } from '../../cli/action/page.ts';
import { actionFile } from '../fakes/github.ts';

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

describe('the page', () => {
  const part = (n: number): Part => ({ name: `n${n}`, markdown: `${n}`.repeat(20_000), quiet: false });

  it('holds as many whole parts as a comment takes, and counts the rest', () => {
    const page = commentPage('<!-- m -->', 'more', [part(1), part(2), part(3), part(4)]);
    expect(page.length).toBeLessThan(65_536);
    expect(page).toContain('1'.repeat(20_000));
    expect(page).toContain('and 2 more; the summary of the job has all of it');
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
