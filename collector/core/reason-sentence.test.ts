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

  it('leaves words of another release as they are', () => {
    expect(recordedSentence('isolate', 'by-lot')).toBe('isolate: by-lot');
  });
});
