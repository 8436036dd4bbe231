import { describe, expect, it } from 'vitest';
import type { ReceiptResult, StopAction } from '../../fingerprint/order.ts';
import { nextStep } from './ladder.ts';

/** Climbs with an enforcer that answers as told. */
function climb(
  wanted: StopAction,
  ceiling: StopAction,
  exclusive: boolean,
  answer: (action: StopAction) => ReceiptResult,
): StopAction[] {
  const tried: { action: StopAction; result: ReceiptResult }[] = [];
  for (;;) {
    const step = nextStep({ wanted, ceiling, exclusive, tried });
    if (step.kind === 'end') return tried.map((t) => t.action);
    tried.push({ action: step.action, result: answer(step.action) });
  }
}

describe('ladder', () => {
  it.each<[string, StopAction, StopAction, boolean, StopAction[]]>([
    [
      'an order is tried as it stands, then milder',
      'kill-subtree',
      'kill-subtree',
      true,
      ['kill-subtree', 'hold'],
    ],
    [
      'a local decision climbs to what was approved',
      'hold',
      'kill',
      true,
      ['hold', 'kill-subtree', 'freeze', 'kill'],
    ],
    [
      'from the middle upwards, then down',
      'kill-subtree',
      'kill',
      true,
      ['kill-subtree', 'freeze', 'kill', 'hold'],
    ],
    [
      'a kill that fails leaves it at least frozen',
      'kill',
      'kill',
      true,
      ['kill', 'freeze', 'kill-subtree', 'hold'],
    ],
    ['a shared cgroup is never frozen or killed', 'kill', 'kill', false, ['kill-subtree', 'hold']],
    ['nor frozen on the way up', 'hold', 'kill', false, ['hold', 'kill-subtree']],
    ['a freeze of a shared cgroup becomes a hold, not a kill', 'freeze', 'freeze', false, ['hold']],
    ['a freeze that fails does not turn into a kill', 'freeze', 'freeze', true, ['freeze', 'hold']],
    ['nor does a hold', 'hold', 'freeze', true, ['hold', 'freeze']],
    ['a wish above the ceiling is not granted', 'kill', 'hold', true, ['hold']],
  ])('%s', (_name, wanted, ceiling, exclusive, expected) => {
    expect(climb(wanted, ceiling, exclusive, () => 'failed')).toEqual(expected);
  });

  it.each<ReceiptResult>(['done', 'target-gone', 'refused-protected'])('ends after %s', (result) => {
    expect(climb('hold', 'kill', true, () => result)).toEqual(['hold']);
  });

  it('ends at the first step that works', () => {
    expect(climb('hold', 'kill', true, (a) => (a === 'freeze' ? 'done' : 'failed'))).toEqual([
      'hold',
      'kill-subtree',
      'freeze',
    ]);
  });
});
