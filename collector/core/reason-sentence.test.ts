import { describe, expect, it } from 'vitest';
import { reasonSentence, recordedSentence } from './reason-sentence.ts';

describe('what was decided, in words', () => {
  it('does not say "held" where nothing is', () => {
    expect(reasonSentence({ action: 'none', reason: 'kind-of-drift' })).toBe(
      'nothing is stopped: drift of this kind by a known program is only told',
    );
    expect(reasonSentence({ action: 'hold', reason: 'kind-of-drift' })).toBe(
      'the drifting processes are held: drift of this kind by a known program is held at most',
    );
  });

  it('names the rule that decided', () => {
    expect(reasonSentence({ action: 'none', reason: 'policy-mode', rule: 'quiet' })).toBe(
      'nothing is stopped: the response policy goes no further (rule quiet)',
    );
  });

  it('says what a dry run would have done', () => {
    const would = { action: 'kill-subtree', reason: 'all-allow' } as const;
    expect(reasonSentence({ action: 'none', reason: 'dry-run', rule: 'new', would })).toBe(
      'dry run: the drifting processes would have been killed: policy, approval and kind of drift allow it (rule new)',
    );
  });

  it('leaves words of another release as they are', () => {
    expect(recordedSentence('isolate', 'by-lot')).toBe('isolate: by-lot');
  });
});
