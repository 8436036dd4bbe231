import { describe, expect, it } from 'vitest';
import { silenceFindings } from './silence.ts';

const node = (state: string, connected = true) => ({ node: 'n\u001b[2J1', connected, canary: { state } });

describe('what doctor says of silence', () => {
  it.each<[string, unknown, unknown, readonly string[]]>([
    ['nothing runs', undefined, undefined, []],
    ['another version runs', { canary: 7 }, { agents: 'none' }, []],
    ['silence is not tested', { canary: null }, { agents: [node('untested')] }, []],
    ['all is seen', { canary: { state: 'seeing' } }, { agents: [node('seeing')] }, ['ok canary']],
    ['the agent is blind', { canary: { state: 'blind' } }, undefined, ['missing canary']],
    [
      'there can be no canaries',
      { canary: { state: 'impossible', reason: 'no\u0007 cgroup' } },
      undefined,
      ['poor canary'],
    ],
    ['a node is blind', undefined, { agents: [node('blind')] }, ['missing blind-n\\x1b[2J1']],
    ['a blind node is away', undefined, { agents: [node('blind', false)] }, []],
  ])('when %s', (_, agent, collector, expected) => {
    const findings = silenceFindings(agent, collector);
    expect(findings.map((f) => `${f.state} ${f.id}`)).toEqual(expected);
    expect(JSON.stringify(findings)).not.toMatch(/\\u001b|\\u0007/);
  });
});
