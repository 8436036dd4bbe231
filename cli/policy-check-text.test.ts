import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../collector/core/check-policy.ts';
import { defaultPolicy, type PolicyRule } from '../collector/core/response-policy.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { policyCheckLines } from './policy-check-text.ts';
import { renderText } from './text.ts';

const occurrence = (i: number) => {
  const key = i.toString(16).padStart(64, '0');
  const incident = anIncident({ id: key, last: i, drifts: [{ ...aDrift, key }] });
  return {
    incident,
    agent: 'a1',
    session: '',
    hasActed: true,
    onNode: 10,
    ofOwner: 8,
    others: 2,
    agentsOfWorkload: 1,
    agentsInCluster: 1,
    isRollout: false,
    isSettling: false,
  };
};
const rules: PolicyRule[] = [
  { name: 'foreign', match: { kinds: ['exec'] }, mode: 'kill' },
  { name: 'idle', match: { kinds: ['listen'] }, mode: 'kill' },
];
const next = { ...defaultPolicy, rules };
const textOf = (check: ReturnType<typeof checkPolicy>, more = {}) =>
  policyCheckLines({ ...check, isCut: false, warnings: [], ...more })
    .map((line) => renderText(line, false))
    .join('\n');

describe('a check of a response policy, for people', () => {
  it('says what would change, by which rule, and what was braked', () => {
    const text = textOf(checkPolicy(next, defaultPolicy, [1, 2].map(occurrence)));
    expect(text).toContain('2 occurrences of drift since then, 2 would end in another way.');
    expect(text).toContain('under this policy  1 processes killed, 1 held; braked: 1 by brake-node');
    expect(text).toContain("under today's      2 only told");
    expect(text).toContain('2  foreign');
    expect(text).toContain('2 would be stopped or held that is not today:');
    expect(text).toMatch(
      /default\/unit\/shop.service\/shop: the drifting processes are killed: .* \(rule foreign\); today nothing is stopped/,
    );
    expect(text).toContain('These rules decided nothing: idle.');
  });

  it('says what would not be stopped any more', () => {
    const text = textOf(checkPolicy(defaultPolicy, next, [occurrence(1)]));
    expect(text).toContain('1 would not be stopped or held any more:');
  });

  it('says what would be stopped in another way', () => {
    const holds = { ...defaultPolicy, mode: 'freeze' as const };
    expect(textOf(checkPolicy(next, holds, [occurrence(1)]))).toContain('1 would be stopped in another way:');
  });

  it('says that nothing would change, that there was nothing, and where it was cut', () => {
    expect(textOf(checkPolicy(next, next, [occurrence(1)]))).toContain('and nothing would change');
    expect(textOf(checkPolicy(next, next, []))).toContain('No drift since then');
    const cut = { isCut: true, warnings: ['careful'] };
    expect(textOf(checkPolicy(next, next, [occurrence(1)]), cut)).toMatch(
      /^warning careful\n.*\nOnly the newest 1/,
    );
  });

  it('says what is only rehearsed', () => {
    const text = textOf(checkPolicy({ ...next, dryRun: true }, defaultPolicy, [occurrence(1)]));
    expect(text).toContain('1 of these only on record');
    expect(text).toContain('(dry run) default/unit');
  });
});
