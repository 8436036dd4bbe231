import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbPolicyDocument } from '../../test/fakes/response-policies.ts';
import { maxPatterns, maxRules, parseResponsePolicy } from './parse-response-policy.ts';
import { defaultPolicy } from './response-policy.ts';

const rule = { name: 'r', match: {}, mode: 'kill' };
const withRule = (more: object) => ({ version: 1, rules: [{ ...rule, ...more }] });
const matching = (match: object) => withRule({ match });

const refusals: [string, unknown, RegExp][] = [
  ['a text', 'alert', /^the policy must be an object with version, mode/],
  ['a list', [], /^the policy must be an object/],
  ['nothing', null, /^the policy must be an object/],
  ['no version', {}, /^version is missing$/],
  ['another version', { version: 2 }, /^version is 2; it may be 1/],
  ['a version in quotes', { version: '1' }, /^version is "1"; it may be 1/],
  [
    'a mode that is none',
    { version: 1, mode: 'kil' },
    /^mode is "kil"; it may be observe, alert, freeze, kill; did you mean kill\?$/,
  ],
  ['a mode that is no text', { version: 1, mode: 3 }, /^mode is 3; it may be observe/],
  [
    'a member nobody knows',
    { version: 1, killscope: 'subtree' },
    /^killscope is not known here; did you mean killScope\?$/,
  ],
  ['another such', { version: 1, zebra: 1 }, /^zebra is not known here; known are version, mode/],
  ['a hostile member', { version: 1, '\u001b[2J': 1 }, /^\\x1b\[2J is not known here/],
  [
    'a member with a special name',
    JSON.parse('{"version":1,"__proto__":{}}'),
    /^__proto__ is not known here/,
  ],
  ['a kill scope', { version: 1, killScope: 'pod' }, /^killScope is "pod"; it may be subtree, container$/],
  ['a flag that is a text', { version: 1, dryRun: 'yes' }, /^dryRun is "yes"; it may be true or false$/],
  [
    'a fraction of a minute',
    { version: 1, maxAgeMinutes: 0.5 },
    /^maxAgeMinutes is 0.5; it may be a whole number from 1 to 1440$/,
  ],
  ['a limit that is none', { version: 1, limits: { stops: 3 } }, /^limits.stops is not known here/],
  [
    'a limit that is too low',
    { version: 1, limits: { stopsPerWorkload: -1 } },
    /^limits.stopsPerWorkload is -1; it may be a whole number from 0 to 1000$/,
  ],
  [
    'a share above one',
    { version: 1, limits: { nodeShare: 10 } },
    /^limits.nodeShare is 10; it may be a number from 0 to 1$/,
  ],
  ['no number at all', { version: 1, limits: { nodeShare: Number.NaN } }, /^limits.nodeShare is NaN/],
  ['limits that are a list', { version: 1, limits: [] }, /^limits must be an object with windowMinutes/],
  [
    'protected namespaces that are a text',
    { version: 1, protectedNamespaces: 'x' },
    /^protectedNamespaces is "x"; it may be a list$/,
  ],
  ['rules that are an object', { version: 1, rules: {} }, /^rules is an object; it may be a list$/],
  [
    'too many rules',
    { version: 1, rules: Array.from({ length: maxRules + 1 }, () => rule) },
    /^rules has 201 items, at most 200 are read$/,
  ],
  [
    'a rule that is null',
    { version: 1, rules: [null] },
    /^rules\[0\] must be an object with name, match, mode/,
  ],
  [
    'a rule without a name',
    { version: 1, rules: [{ match: {}, mode: 'kill' }] },
    /^rules\[0\].name is missing$/,
  ],
  [
    'a name with a space',
    withRule({ name: 'a b' }),
    /^rules\[0\].name is "a b"; it may be at most 64 letters/,
  ],
  ['a name that turns the terminal', withRule({ name: '\u202ex' }), /^rules\[0\].name is "\\u\{202e\}x"/],
  [
    'a rule without a mode',
    { version: 1, rules: [{ name: 'r', match: {} }] },
    /^rules\[0\].mode is missing$/,
  ],
  [
    'a rule without a match',
    { version: 1, rules: [{ name: 'r', mode: 'kill' }] },
    /^rules\[0\].match is missing$/,
  ],
  ['a name twice', { version: 1, rules: [rule, rule] }, /^rules\[1\].name is "r", the name of rules\[0\]/],
  [
    'a kind that is none',
    matching({ kinds: ['exce'] }),
    /^rules\[0\].match.kinds\[0\] is "exce"; it may be exec, load, .*; did you mean exec\?$/,
  ],
  [
    'a severity that is none',
    matching({ severities: ['hgih'] }),
    /^rules\[0\].match.severities\[0\] is "hgih"; .*did you mean high\?$/,
  ],
  [
    'a match nobody knows',
    matching({ namespace: ['a'] }),
    /^rules\[0\].match.namespace is not known here; did you mean namespaces\?$/,
  ],
  ['an empty list', matching({ kinds: [] }), /^rules\[0\].match.kinds is empty; leave it out to mean any$/],
  ['an empty name', matching({ owners: [''] }), /^rules\[0\].match.owners\[0\] is ""; it may be a name/],
  [
    'two stars',
    matching({ namespaces: ['shop/**'] }),
    /^rules\[0\].match.namespaces\[0\] is "shop\/\*\*"; it may be a name, in which \*/,
  ],
  [
    'a star within an image',
    matching({ images: ['a/*/b'] }),
    /^rules\[0\].match.images\[0\] is "a\/\*\/b"; it may be a name without tag and digest/,
  ],
  ['an image with its tag', matching({ images: ['a/b:1.0'] }), /^rules\[0\].match.images\[0\] is "a\/b:1.0"/],
  [
    'an image with its digest',
    matching({ images: [`a@sha256:${'0'.repeat(64)}`] }),
    /^rules\[0\].match.images\[0\]/,
  ],
  [
    'too many patterns',
    matching({ clusters: Array.from({ length: maxPatterns + 1 }, (_, i) => `c${i}`) }),
    /^rules\[0\].match.clusters has 65 items, at most 64 are read$/,
  ],
  ['a pattern that is a number', matching({ clusters: [7] }), /^rules\[0\].match.clusters\[0\] is 7/],
  [
    'a limit of a rule',
    withRule({ limits: { windowMinutes: 0 } }),
    /^rules\[0\].limits.windowMinutes is 0; it may be a whole number from 1 to 1440$/,
  ],
];

describe('parseResponsePolicy', () => {
  it.each(refusals)('refuses %s', (_name, document, problem) => {
    const parsed = parseResponsePolicy(document);
    expect(parsed).toMatchObject({ kind: 'refused' });
    expect(parsed.kind === 'refused' && parsed.problems[0]).toMatch(problem);
  });

  it('tells every problem at once', () => {
    const parsed = parseResponsePolicy({
      mode: 'angry',
      limits: { nodeShare: 2 },
      rules: [{ name: 'a b', match: { kinds: ['x', 'exec', 'y'] } }],
    });
    expect(parsed.kind === 'refused' && parsed.problems.map((p) => p.split(' ', 1)[0])).toEqual([
      'version',
      'mode',
      'limits.nodeShare',
      'rules[0].name',
      'rules[0].match.kinds[0]',
      'rules[0].match.kinds[2]',
      'rules[0].mode',
    ]);
  });

  it('tells no more problems than anybody reads', () => {
    const rules = Array.from({ length: 100 }, () => ({}));
    const parsed = parseResponsePolicy({ version: 1, rules });
    expect(parsed.kind === 'refused' && parsed.problems).toHaveLength(51);
    expect(parsed.kind === 'refused' && parsed.problems.at(-1)).toBe('and 250 more');
  });

  it('does not look for the meaning of a thousand names', () => {
    const names = Array.from({ length: 1000 }, (_, i) => [`stopsPerWorkloa${i}`, 1]);
    const parsed = parseResponsePolicy({ version: 1, ...Object.fromEntries(names) });
    expect(parsed).toMatchObject({ problems: [expect.stringMatching(/^the policy has 1000 members/)] });
  });

  it('takes the default for what is not said', () => {
    expect(parseResponsePolicy({ version: 1 })).toEqual({
      kind: 'policy',
      policy: defaultPolicy,
      warnings: [],
    });
  });

  it('keeps what it does not say of a limit', () => {
    const parsed = parseResponsePolicy({ version: 1, limits: { stopsPerWorkload: 1 } });
    expect(parsed.kind === 'policy' && parsed.policy.limits).toEqual({
      ...defaultPolicy.limits,
      stopsPerWorkload: 1,
    });
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(arbPolicyDocument, (document) => {
        const parsed = parseResponsePolicy(document);
        if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
        const again = parseResponsePolicy(JSON.parse(JSON.stringify(parsed.policy)));
        expect(again.kind === 'policy' && again.policy).toEqual(parsed.policy);
      }),
    );
  });

  it('answers to anything', () => {
    fc.assert(fc.property(fc.anything(), (value) => void parseResponsePolicy(value)));
  });
});

describe('warnings', () => {
  const warningsOf = (document: object) => {
    const parsed = parseResponsePolicy({ version: 1, ...document });
    return parsed.kind === 'policy' ? parsed.warnings : parsed.problems;
  };
  const named = (name: string, match: object, more: object = {}) => ({ name, match, mode: 'kill', ...more });

  it.each<[string, object, RegExp | undefined]>([
    ['no word of protected namespaces', {}, undefined],
    ['more protected namespaces', { protectedNamespaces: ['kube-system', 'whorl-*', 'db'] }, undefined],
    ['one protected namespace less', { protectedNamespaces: ['whorl-system'] }, /leaves out kube-system/],
    ['no protected namespace', { protectedNamespaces: [] }, /leaves out kube-system/],
    [
      'two rules about the same',
      { rules: [named('a', {}), named('b', {})] },
      /rules\[1\] \(b\) never decides: a before it/,
    ],
    [
      'a rule within another',
      {
        rules: [
          named('a', { namespaces: ['shop-*'] }),
          named('b', { namespaces: ['shop-a'], kinds: ['exec'] }),
        ],
      },
      /\(b\) never decides/,
    ],
    [
      'an image within a prefix',
      { rules: [named('a', { images: ['r/**'] }), named('b', { images: ['r/x', 'r/y/**'] })] },
      /\(b\) never decides/,
    ],
    [
      'every severity by name',
      { rules: [named('a', { severities: ['low', 'medium', 'high', 'critical'] }), named('b', {})] },
      /\(b\) never decides/,
    ],
    [
      'a wider rule after a narrower',
      { rules: [named('a', { namespaces: ['shop-a'] }), named('b', { namespaces: ['shop-*'] })] },
      undefined,
    ],
    [
      'rules about different kinds',
      { rules: [named('a', { kinds: ['exec'] }), named('b', { kinds: ['exec', 'load'] })] },
      undefined,
    ],
    [
      'a rule about a protected namespace',
      { rules: [named('a', { namespaces: ['kube-system'] })] },
      /\(a\) is about protected namespaces alone/,
    ],
    [
      'a kill scope of what does not kill',
      { rules: [named('a', {}, { mode: 'freeze', killScope: 'container' })] },
      /^rules\[0\].killScope says nothing/,
    ],
  ])('%s', (_name, document, warning) => {
    const warnings = warningsOf(document);
    if (warning === undefined) expect(warnings).toEqual([]);
    else expect(warnings[0]).toMatch(warning);
  });
});
