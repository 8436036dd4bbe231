import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { verbs } from '../../cli/verbs.ts';
import { actionFile } from '../fakes/github.ts';
import { fakeIo } from '../fakes/io.ts';

/** What stands on the page is there to be typed; test/e2e/vendors-page.test.ts runs what can be run without a registry. */
const page = readFileSync(new URL('../../docs/vendors.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const inline = [...page.matchAll(/`(whorl [^`]+)`/g)].map(([, text = '']) => text);
const lines = [...blocks('sh').flatMap((text) => text.replaceAll('\\\n', ' ').split('\n')), ...inline];
const calls = [...new Set(lines.map((line) => line.trim()).filter((line) => line.startsWith('whorl ')))];

async function program(): Promise<Command> {
  const whorl = new Command();
  for (const load of Object.values(verbs)) (await load()).register(whorl, fakeIo());
  return whorl;
}

/** The verb of a call, subcommands followed. */
function verbOf(whorl: Command, words: readonly string[]): Command {
  const next = whorl.commands.find((c) => c.name() === words[0]);
  return next === undefined ? whorl : verbOf(next, words.slice(1));
}

describe('docs/vendors.md', async () => {
  const whorl = await program();

  it('has something to type', () => {
    expect(calls.length).toBeGreaterThan(15);
  });

  it.each(calls)('names verb and options as they are: %s', (call) => {
    const [own = ''] = call.split(' -- ');
    const words = own.split(/\s+/).slice(1);
    const verb = verbOf(whorl, words);
    expect(verb, call).not.toBe(whorl);
    const known = verb.options.map((option) => option.long);
    const used = words.filter((word) => word.startsWith('--'));
    expect(used.filter((word) => !known.includes(word))).toEqual([]);
  });

  it('uses the action with inputs that it has', () => {
    const [workflow] = blocks('yaml').map((text) => parse(text));
    const steps = workflow.jobs.behaviour.steps as { uses?: string; with?: object }[];
    const own = steps.find((step) => step.uses?.includes('whorl'));
    expect(Object.keys(actionFile.inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? {})));
  });

  it('leads to pages that are there', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(2);
    for (const [, file = '', anchor] of links) {
      const text = readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
      const heads = [...text.matchAll(/^#+ (.+)$/gm)].map(([, head = '']) =>
        head
          .toLowerCase()
          .replace(/[^\p{L}\p{N} -]/gu, '')
          .replaceAll(' ', '-'),
      );
      if (anchor !== undefined) expect(heads).toContain(anchor);
    }
  });
});
