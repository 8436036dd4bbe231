import { describe, expect, it } from 'vitest';
import type { AgentState } from './ports/kept.ts';
import { SiteLog } from './site-log.ts';

const nothing: ReadonlySet<string> = new Set();

/** A log of four payloads on a disk in memory; each document has a sequence of its own. */
class Site {
  state: AgentState = { streams: {}, aliveAt: 0 };
  log = this.#open();
  #now = 0;

  #open(): SiteLog {
    const save = async (state: AgentState): Promise<void> => {
      this.state = state;
    };
    return new SiteLog({ load: async () => this.state, save }, 4);
  }

  async accept(digest: string, provisional: boolean, inForce = nothing, ...signers: string[]): Promise<void> {
    this.#now += 1;
    const by = signers.length > 0 ? signers : ['ada'];
    const of = { stream: digest, version: 1, digest, signers: by, provisional };
    await this.log.accept(of, this.#now, () => inForce);
  }

  async restart(): Promise<void> {
    this.log = this.#open();
    await this.log.open();
  }

  known(...digests: readonly string[]): string {
    return digests.filter((d) => this.log.recorded(d, 'ada') !== undefined).join(' ');
  }
}

describe('SiteLog', () => {
  it('forgets what a collector learned before anything that a person signed', async () => {
    const site = new Site();
    for (const digest of ['a', 'b', 'c']) await site.accept(digest, false);
    for (let i = 0; i < 9; i += 1) await site.accept(`learned-${i}`, true, new Set(['learned-0']));
    expect(site.known('a', 'b', 'c', 'learned-7', 'learned-8')).toBe('a b c learned-8');
    await site.accept('d', false);
    expect(site.known('a', 'b', 'c', 'd', 'learned-8')).toBe('a b c d');
  });

  it('tells the two apart after a restart too', async () => {
    const site = new Site();
    await site.accept('a', false);
    await site.accept('learned', true);
    await site.restart();
    for (const digest of ['b', 'c', 'd']) await site.accept(digest, false);
    expect(site.known('a', 'b', 'c', 'd', 'learned')).toBe('a b c d');
  });

  it.each([
    ['what came first', ['a', 'b', 'c', 'd'], 'abcd', 'b c d e'],
    ['what is not in force', ['a', 'b', 'c', 'd'], 'acd', 'a c d e'],
    ['what was learned, in force or not', ['a', 'b', 'c', 'L'], 'L', 'a b c e'],
    ['of what was learned what is not in force', ['L', 'M', 'a', 'b'], 'L', 'L a b e'],
  ])('forgets %s', async (_what, before, inForce, left) => {
    const site = new Site();
    for (const digest of before) await site.accept(digest, 'LM'.includes(digest));
    await site.accept('e', false, new Set(inForce));
    expect(site.known(...before, 'e')).toBe(left);
  });

  it('keeps the time of the first acceptance on each signer’s word, and takes none for another’s', async () => {
    const site = new Site();
    const known = (): unknown[] => ['learner', 'ada', 'bob', 'eve'].map((key) => site.log.recorded('a', key));
    await site.accept('a', true, nothing, 'learner');
    await site.accept('a', false, nothing, 'ada');
    expect(known()).toEqual([1, 2, undefined, undefined]);
    await site.accept('a', false, nothing, 'ada', 'bob');
    expect(known()).toEqual([1, 2, 3, undefined]);
    await site.restart();
    expect(known()).toEqual([1, 2, 3, undefined]);
  });
});
