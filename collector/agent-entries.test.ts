import { describe, expect, it } from 'vitest';
import { type AgentSources, agentEntries, entryId } from './agent-entries.ts';
import type { KnownAgent } from './identities.ts';
import type { AgentRow } from './ports.ts';

const known = (node: string, id = node, more: Partial<KnownAgent> = {}): KnownAgent => ({
  identity: { cluster: 'c', id, node },
  serial: `serial of ${id}`,
  how: 'join-token',
  issuedAt: 1,
  notAfter: 2,
  connected: false,
  ...more,
});
const row = (node: string, agent: string, lastSeen = 1): AgentRow => ({
  hello: {
    agent,
    node,
    cluster: 'c',
    session: '',
    version: '1',
    source: 'sensor',
    coverage: [],
  },
  stored: 0,
  missing: 0,
  refused: 0,
  firstSeen: 0,
  lastSeen,
});
const revoked = { author: 'ada', reason: 'stolen', time: 5 };

/** Per agent: its id, the spool that speaks for it, and whether it is shut out. */
function seen(over: Partial<AgentSources>): string[] {
  const none = { known: [], rows: [], revocations: [], isPresent: () => false };
  return agentEntries({ ...none, ...over }).map((e) =>
    [entryId(e), e.row?.hello.agent ?? '-', e.revoked === undefined ? '' : 'out'].join(' ').trim(),
  );
}

describe('the agents of a collector', () => {
  it.each<[string, Partial<AgentSources>, string[]]>([
    ['one that enrolled and never connected', { known: [known('n1')] }, ['c:n1 -']],
    ['one that connected without a certificate', { rows: [row('n1', 'a')] }, ['c:n1 a']],
    ['both as one', { known: [known('n1')], rows: [row('n1', 'a')] }, ['c:n1 a']],
    [
      'by UID, where Kubernetes told it',
      { known: [known('n1', 'uid-1')], rows: [row('n1', 'a')] },
      ['c:uid-1 a'],
    ],
    [
      'a node that was made anew: what it says is the newer one',
      { known: [known('n1', 'uid-2'), known('n1', 'uid-1')], rows: [row('n1', 'a')] },
      ['c:uid-1 -', 'c:uid-2 a'],
    ],
    [
      'of two spools the one heard last',
      { known: [known('n1')], rows: [row('n1', 'new', 2), row('n1', 'old', 1)] },
      ['c:n1 new'],
    ],
    [
      'of two spools the one that is connected',
      {
        known: [known('n1')],
        rows: [row('n1', 'new', 2), row('n1', 'old', 1)],
        isPresent: (agent) => agent === 'old',
      },
      ['c:n1 old'],
    ],
    ['shut out', { known: [known('n1', 'n1', { revoked })] }, ['c:n1 - out']],
    [
      'shut out beforehand, in the order of the ids',
      { known: [known('n2')], revocations: [{ identity: known('n1').identity, ...revoked }] },
      ['c:n1 - out', 'c:n2 -'],
    ],
  ])('%s', (_, sources, expected) => {
    expect(seen(sources)).toEqual(expected);
  });
});
