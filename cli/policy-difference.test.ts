import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import { defaultPolicy, type PolicyRule, type ResponsePolicy } from '../collector/core/response-policy.ts';
import { arbPolicyDocument } from '../test/fakes/response-policies.ts';
import { policyDifference } from './policy-difference.ts';

const rule = (name: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  name,
  match: { kinds: ['exec'] },
  mode: 'kill',
  ...more,
});
const of = (...rules: PolicyRule[]): ResponsePolicy => ({ ...defaultPolicy, rules });

describe('what is another in a policy', () => {
  it.each<[string, ResponsePolicy, ResponsePolicy, readonly string[]]>([
    ['nothing', of(rule('a')), of(rule('a')), []],
    ['the mode', defaultPolicy, { ...defaultPolicy, mode: 'kill' }, ['~ mode: alert → kill']],
    [
      'a limit',
      defaultPolicy,
      { ...defaultPolicy, limits: { ...defaultPolicy.limits, stopsPerWorkload: 1 } },
      ['~ limits.stopsPerWorkload: 3 → 1'],
    ],
    [
      'a list',
      defaultPolicy,
      { ...defaultPolicy, protectedNamespaces: ['\u001b[2J'] },
      ['~ protectedNamespaces: ["kube-system","whorl-system"] → ["\\u001b[2J"]'],
    ],
    ['a rule more', of(), of(rule('a')), ['+ rule a: {"match":{"kinds":["exec"]},"mode":"kill"}']],
    ['a rule less', of(rule('a')), of(), ['- rule a']],
    [
      'a rule changed',
      of(rule('a')),
      of(rule('a', { mode: 'alert', dryRun: true, match: { kinds: ['load'] } })),
      [
        '~ rule a match.kinds: ["exec"] → ["load"]',
        '~ rule a mode: kill → alert',
        '~ rule a dryRun: not said → true',
      ],
    ],
    [
      'the order, which decides',
      of(rule('a'), rule('b')),
      of(rule('b'), rule('a')),
      ['~ order of the rules: a, b → b, a'],
    ],
  ])('%s', (_name, before, after, lines) => {
    expect(policyDifference(before, after)).toEqual(lines);
  });

  it('is nothing just where both are the same', () => {
    const read = (document: object) => {
      const parsed = parseResponsePolicy(document);
      return parsed.kind === 'policy' ? parsed.policy : defaultPolicy;
    };
    fc.assert(
      fc.property(arbPolicyDocument, arbPolicyDocument, (a, b) => {
        const [before, after] = [read(a), read(b)];
        const isSame = JSON.stringify(before) === JSON.stringify(after);
        expect(policyDifference(before, before)).toEqual([]);
        if (policyDifference(before, after).length === 0) expect(after).toEqual(before);
        if (!isSame) return;
        expect(policyDifference(before, after)).toEqual([]);
      }),
    );
  });
});
