import { beforeEach, describe, expect, it } from 'vitest';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { defaultPolicy } from './core/response-policy.ts';
import type { PolicyRow, ResponsePolicyStore } from './ports/response-policy.ts';
import { PolicyRefused } from './ports/response-policy.ts';
import type { OccurrenceRow } from './ports.ts';
import { type PolicyAuditEntry, ResponsePolicies } from './response-policies.ts';
import type { StateLine } from './state-line.ts';

class Table implements ResponsePolicyStore {
  readonly rows: PolicyRow[] = [];

  async add(row: PolicyRow): Promise<boolean> {
    if (this.rows.some((r) => r.version === row.version)) return false;
    this.rows.push(row);
    return true;
  }

  async version(version: number): Promise<PolicyRow | undefined> {
    return this.rows.find((r) => r.version === version);
  }

  async history({ before = Number.POSITIVE_INFINITY, limit }: { before?: number; limit: number }) {
    return this.rows
      .filter((r) => r.version < before)
      .toReversed()
      .slice(0, limit);
  }
}

const by = { author: 'local:ops', reason: 'drill' };
const now = 1_000_000;
let table: Table;
let told: StateLine[];
let audited: PolicyAuditEntry[];
let stored: OccurrenceRow[];

function start(): ResponsePolicies {
  return new ResponsePolicies({
    store: table,
    drifts: {
      occurrences: async ({ limit }) => stored.slice(0, limit),
    },
    copies: {
      around: async () => ({
        onNode: 10,
        ofOwner: 8,
        ofWorkload: [{ agent: 'a2', instance: 'other' }],
        isKnown: true,
        firstSeen: 0,
      }),
    },
    beginning: { ...defaultPolicy, mode: 'freeze' },
    now: () => now,
    tell: (line) => told.push(line),
    audit: { record: async (entry) => audited.push(entry) },
  });
}

beforeEach(() => {
  table = new Table();
  told = [];
  audited = [];
  stored = [];
});

describe('the response policy in force', () => {
  it('is what the configuration says until somebody sets one', async () => {
    const policies = start();
    await policies.restore();
    expect(policies.inForce).toEqual({
      version: 0,
      policy: { ...defaultPolicy, mode: 'freeze' },
      setAt: 0,
    });
  });

  it('is the one that was set, at once and after a restart, told and audited', async () => {
    const policies = start();
    const { warnings, ...set } = await policies.set({ version: 1, mode: 'kill' }, by, 0);
    expect(warnings).toEqual([]);
    expect(set).toEqual({ version: 1, policy: { ...defaultPolicy, mode: 'kill' }, by, setAt: now });
    expect(policies.current.mode).toBe('kill');
    expect(policies.decisions.policy).toBe(policies.current);
    expect(told).toEqual([{ type: 'policy', mode: 'kill', version: 1, author: 'local:ops' }]);
    expect(audited).toMatchObject([{ type: 'policy-changed', ...by, detail: { version: 1, before: 0 } }]);

    const again = start();
    await again.restore();
    expect(again.inForce).toEqual(set);
  });

  it('stays when another is refused', async () => {
    const policies = start();
    const refusal = policies.set({ version: 1, mode: 'kil', rules: 1 }, by, 0);
    await expect(refusal).rejects.toMatchObject({
      code: 'invalid',
      problems: [expect.stringContaining('did you mean kill?'), expect.stringContaining('rules is 1')],
    });
    expect(policies.inForce.version).toBe(0);
    expect([table.rows, told, audited]).toEqual([[], [], []]);
  });

  it('is not replaced by one that was made of another version', async () => {
    const policies = start();
    await policies.set({ version: 1, mode: 'kill' }, by, 0);
    await expect(policies.set({ version: 1 }, by, 0)).rejects.toThrow(
      /changed meanwhile: version 1 is in force and this one was made of version 0/,
    );
  });

  it('is that of the first of two at once', async () => {
    const policies = start();
    const both = await Promise.allSettled([
      policies.set({ version: 1, mode: 'kill' }, by, 0),
      policies.set({ version: 1, mode: 'observe' }, by, 0),
    ]);
    expect(both.map((b) => b.status)).toEqual(['fulfilled', 'rejected']);
    expect(policies.current.mode).toBe('kill');
  });

  it('is not set without a reason', async () => {
    const policies = start();
    for (const reason of ['', '  ', 'x'.repeat(1025)])
      await expect(policies.set({ version: 1 }, { ...by, reason }, 0)).rejects.toMatchObject({
        code: 'no-reason',
      });
  });

  it('keeps its rules when only the mode is set', async () => {
    const policies = start();
    await policies.set({ version: 1, rules: [{ name: 'r', match: {}, mode: 'alert' }] }, by, 0);
    const { version, policy } = await policies.setMode('kill', by, 1);
    expect([version, policy.mode, policy.rules.map((r) => r.name)]).toEqual([2, 'kill', ['r']]);
    await expect(policies.setMode('alert', by, 1)).rejects.toMatchObject({ code: 'changed' });
    expect(policies.inForce).toMatchObject({ version: 2, policy: { mode: 'kill' } });
  });

  it('is an earlier one again when a person takes a change back', async () => {
    const policies = start();
    await policies.set({ version: 1, mode: 'kill' }, by, 0);
    await policies.set({ version: 1, mode: 'observe' }, by, 1);
    expect((await policies.setAgain(1, by, 2)).policy.mode).toBe('kill');
    expect((await policies.setAgain(0, by, 3)).policy.mode).toBe('freeze');
    await expect(policies.setAgain(9, by, 4)).rejects.toThrow(/no version 9 of the response policy/);
    expect((await policies.history({ limit: 100 })).map((p) => p.version)).toEqual([4, 3, 2, 1]);
    expect((await policies.history({ before: 3, limit: 100 })).map((p) => p.version)).toEqual([2, 1]);
  });

  it('is not guessed where it cannot be read', async () => {
    table.rows.push({ version: 1, document: '{"version":9}', ...by, setAt: 1 });
    await expect(start().restore()).rejects.toThrow(/version 1 of the response policy .* cannot be read/);
    table.rows[0] = { version: 1, document: '{', ...by, setAt: 1 };
    await expect(start().restore()).rejects.toMatchObject({ code: 'broken' });
  });
});

describe('a check against what happened', () => {
  const row = (i: number): OccurrenceRow => ({
    row: '',
    incident: anIncident({
      id: i.toString(16).padStart(64, '0'),
      last: i,
      drifts: [{ ...aDrift, key: i.toString(16).padStart(64, '0') }],
    }),
    agent: 'a1',
    decisions: [],
    orders: [],
    receipts: [],
  });

  it('says what would be stopped, and by which rule', async () => {
    stored = [row(1), row(2)];
    const document = { version: 1, rules: [{ name: 'exec', match: { kinds: ['exec'] }, mode: 'kill' }] };
    expect(await start().check(document, 0)).toMatchObject({
      occurrences: 2,
      isCut: false,
      // One copy of ten may be stopped in ten minutes.
      next: { actions: { 'kill-subtree': 1, hold: 1 }, braked: { 'brake-node': 1 } },
      current: { actions: { hold: 2 } },
      warnings: [],
    });
  });

  it('says when there were more occurrences than it looked at', async () => {
    stored = Array.from({ length: 5_001 }, (_, i) => row(i));
    expect(await start().check({ version: 1 }, 0)).toMatchObject({ occurrences: 5_000, isCut: true });
  });

  it('refuses what is no policy', async () => {
    await expect(start().check({}, 0)).rejects.toBeInstanceOf(PolicyRefused);
  });
});
