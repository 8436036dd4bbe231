import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driftOf as drift, drifting } from '../../../test/fakes/drifting.ts';
import { aDrift, shop } from '../../../test/fakes/reports.ts';
import { Incidents } from '../../incidents.ts';
import type { ReviewRequest } from '../../ports/incidents.ts';
import { SqliteStore } from '../store-sqlite.ts';

let dir: string;
let store: SqliteStore;
let incidents: Incidents;
let clock: number;
let tells: ReturnType<typeof drifting>;
const told: object[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-incidents-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  clock = 10_000;
  tells = drifting(
    () => store,
    () => clock,
  );
  told.length = 0;
  const isSigned = (digest: string) => digest === signed;
  const tell = (line: object) => void told.push(line);
  incidents = new Incidents({ store: store.incidents, isSigned, now: () => clock, tell });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const signed = `sha256:${'e'.repeat(64)}`;
const all = () => incidents.list({ limit: 100 });
const act = async (id: string, request: Partial<ReviewRequest>) => {
  const version = (await incidents.get(id))?.version ?? 0;
  return incidents.review(id, { act: 'note', author: 'ada', reason: 'because', version, ...request });
};

describe('incidents', () => {
  it('that many copies tell of in one commit count them all, and are led by the gravest', async () => {
    const nodes = ['node-0', 'node-1', 'node-2', 'node-3'];
    for (const node of nodes) await tells(node, `${node}-first`, [drift(1)], { severity: 'low' });
    clock += 1000;
    const severities = ['medium', 'critical', 'critical', 'low'] as const;
    const changes = await Promise.all(
      nodes.map((node, i) =>
        tells(node, `${node}-second`, [drift(1, { count: 3 })], { severity: severities[i] ?? 'low' }),
      ),
    );
    expect(changes.map(({ change }) => change)).toEqual(['graver', 'graver', 'grew', 'grew']);
    const [row, ...others] = await all();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      severity: 'critical',
      count: 4 * aDrift.count + 12,
      occurrences: 8,
      last: clock * 1000,
    });
    expect(row?.lead.instance.id).toBe('node-1-second');
  });

  it('that nobody hears of are told of only when they change more than a count', async () => {
    const opened = await tells('node-0', 'a', [drift(1)], {}, true);
    const grown = await tells('node-0', 'b', [drift(1)], {}, true);
    expect([opened.change, grown.change]).toEqual(['opened', undefined]);
    expect(await all()).toMatchObject([{ occurrences: 2 }]);
  });

  it('of five hundred occurrences on twenty copies are one row', async () => {
    for (let round = 1; round <= 5; round++)
      for (let pod = 0; pod < 20; pod++)
        await tells(`node-${pod % 4}`, `shop-${pod}`, [drift(1, { count: round * 5 })]);
    const rows = await all();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ count: 500, occurrences: 20, nodes: 4, version: 1, state: 'open' });
  });

  it('of a break-in of a dozen drifts are one row, with the gravest shown', async () => {
    const dozen = Array.from({ length: 12 }, (_, i) => drift(i, { severity: i === 7 ? 'critical' : 'low' }));
    expect(await tells('n1', 'p1', dozen.slice(0, 3), { severity: 'low' })).toMatchObject({
      change: 'opened',
    });
    expect(await tells('n1', 'p1', dozen)).toMatchObject({ change: 'graver' });
    const [row, ...others] = await all();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ severity: 'critical', count: 12, lead: { drifts: dozen } });
  });

  it('holds copies together that showed different parts of it', async () => {
    await tells('n1', 'p1', [drift(1), drift(2)]);
    await tells('n2', 'p2', [drift(2), drift(3)]);
    await tells('n3', 'p3', [drift(3)]);
    expect(await all()).toMatchObject([{ occurrences: 3 }]);
  });

  it('keeps apart what shares nothing', async () => {
    await tells('n1', 'p1', [drift(1)]);
    await tells('n1', 'p2', [drift(2)]);
    expect(await all()).toHaveLength(2);
  });

  it('never lets one node overwrite what another told', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await tells('n2', 'p2', [drift(1, { count: 999 })], { id: incident });
    expect(await all()).toMatchObject([{ count: 1, occurrences: 1, lead: { instance: { node: 'n1' } } }]);
  });

  it('counts again nothing that a restarted collector is told again', async () => {
    await tells('n1', 'p1', [drift(1, { count: 7 })]);
    await store.close();
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    incidents = new Incidents({
      store: store.incidents,
      isSigned: () => true,
      now: () => clock,
      tell: () => {},
    });
    await tells('n1', 'p1', [drift(1, { count: 9 })]);
    expect(await all()).toMatchObject([{ count: 9, occurrences: 1 }]);
  });

  it('are listed newest first, page by page', async () => {
    for (const n of [1, 2, 3]) {
      clock += 1;
      await tells('n1', `p${n}`, [drift(n)]);
    }
    const [first] = await incidents.list({ limit: 1 });
    const after = { last: first?.last ?? 0, id: first?.id ?? '' };
    const rest = await incidents.list({ limit: 10, after });
    expect([first, ...rest].map((i) => i?.lead.instance.id)).toEqual(['p3', 'p2', 'p1']);
    expect(await incidents.list({ limit: 10, namespaces: ['elsewhere'] })).toEqual([]);
    expect(await incidents.list({ limit: 10, idPrefix: first?.id.slice(0, 64) ?? '' })).toHaveLength(1);
  });
});

describe('the drifts of an incident', () => {
  it('are those of all its copies, each once, the gravest first, and what no copy kept is counted', async () => {
    await tells('n1', 'p1', [drift(1, { severity: 'low' }), drift(2, { severity: 'low' })]);
    const { incident } = await tells('n2', 'p2', [drift(2, { severity: 'low' }), drift(3)], { more: 4 });
    expect(await incidents.driftsOf(incident)).toMatchObject({
      drifts: [{ key: drift(3).key }, { key: drift(1).key }, { key: drift(2).key }],
      left: 4,
    });
  });

  it('lead to it from the id of any of its occurrences', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    const second = await tells('n2', 'p2', [drift(1)]);
    expect(second.incident).not.toBe(second.occurrence);
    expect(await incidents.list({ idPrefix: second.occurrence, limit: 9 })).toMatchObject([{ id: incident }]);
  });
});

describe('what is too old', () => {
  it('goes with all about it, and an incident with the last of its occurrences', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await store.saveDecision({ time: clock, incident, action: 'none', reason: 'policy-mode' });
    await act(incident, { act: 'note' });
    clock += 10;
    await tells('n2', 'p2', [drift(1)]);
    expect(await store.incidents.retire(clock * 1000)).toEqual({ occurrences: 1, isDone: true });
    expect(await all()).toMatchObject([{ id: incident, occurrences: 1, lead: { instance: { id: 'p2' } } }]);
    await store.incidents.retire((clock + 1) * 1000);
    expect(await all()).toEqual([]);
    expect(await store.occurrences({ limit: 10 })).toEqual([]);
    expect(await tells('n1', 'p3', [drift(1)])).toMatchObject({ change: 'opened' });
  });
});

describe('what a person does with an incident', () => {
  it('is on record, with who and why', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'claimed', reason: 'looking' });
    await act(incident, { act: 'false-positive', reason: 'CHG-4711' });
    expect(await incidents.get(incident)).toMatchObject({
      state: 'closed',
      disposition: 'false-positive',
      claimedBy: 'ada',
      version: 3,
      history: [
        { act: 'claimed', author: 'ada', reason: 'looking', version: 2 },
        { act: 'false-positive', reason: 'CHG-4711', version: 3 },
      ],
    });
    expect(told).toMatchObject([{ act: 'claimed' }, { act: 'false-positive', author: 'ada' }]);
  });

  it('holds for what was seen: the same again stays closed, more of it is a new row', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'false-positive' });
    expect(await tells('n2', 'p2', [drift(1)])).toMatchObject({ incident, change: 'grew' });
    const more = await tells('n1', 'p1', [drift(1), drift(2)]);
    expect(more.change).toBe('opened');
    expect(await incidents.list({ state: 'open', limit: 9 })).toMatchObject([{ id: more.incident }]);
  });

  it('is undone', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'claimed' });
    await act(incident, { act: 'false-positive' });
    await act(incident, { act: 'undone' });
    expect(await incidents.get(incident)).toMatchObject({ state: 'open', claimedBy: 'ada' });
    await act(incident, { act: 'undone' });
    expect((await incidents.get(incident))?.claimedBy).toBeUndefined();
  });

  it('is refused when somebody else was quicker', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'false-positive' });
    expect(await act(incident, { act: 'contained', version: 1 })).toEqual({ kind: 'changed', version: 2 });
    expect(await act(incident, { act: 'contained' })).toMatchObject({ refused: { code: 'closed' } });
    expect(await act('0'.repeat(64), {})).toEqual({ kind: 'unknown' });
  });

  it('is refused when more showed than the person saw, and not when the same goes on', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await tells('n2', 'p2', [drift(1)]);
    const version = (await incidents.get(incident))?.version ?? 0;
    expect(version).toBe(1);
    await tells('n1', 'p1', [drift(1), drift(2)]);
    expect(await act(incident, { act: 'false-positive', version })).toEqual({ kind: 'changed', version: 2 });
  });

  it('is in the audit log in the same commit, with what it was before and after', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'false-positive', reason: 'CHG-1' });
    await act(incident, { act: 'contained' });
    await act(incident, { act: 'undone', reason: 'not so' });
    const entries = await store.audit.entries({ limit: 9 });
    expect(entries.map((row) => JSON.parse(row.body ?? ''))).toMatchObject([
      {
        type: 'disposition',
        author: 'ada',
        about: incident,
        reason: 'CHG-1',
        detail: {
          act: 'false-positive',
          version: 2,
          before: { state: 'open' },
          after: { state: 'closed', disposition: 'false-positive' },
        },
      },
      { type: 'undo', reason: 'not so', detail: { before: { state: 'closed' }, after: { state: 'open' } } },
    ]);
    expect(entries).toHaveLength(2);
  });

  it('is refused when an approval names what nobody signed', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    const approval = { act: 'approved', document: `sha256:${'0'.repeat(64)}` } as const;
    expect(await act(incident, approval)).toMatchObject({ refused: { code: 'document-unknown' } });
    expect(await act(incident, { act: 'approved', document: signed })).toMatchObject({ kind: 'taken' });
  });

  it('ends where it said: what was accepted comes back when its time is over', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1)]);
    await act(incident, { act: 'accepted', document: signed, until: clock + 100 });
    clock += 99;
    expect(await tells('n1', 'p1', [drift(1, { count: 2 })])).toMatchObject({ change: 'grew' });
    clock += 1;
    expect(await tells('n1', 'p1', [drift(1, { count: 3 })])).toMatchObject({ incident, change: 'reopened' });
    expect(await incidents.get(incident)).toMatchObject({ state: 'open', version: 3 });
  });

  it('shows beforehand what else would fall silent', async () => {
    const { incident } = await tells('n1', 'p1', [drift(1), drift(2)]);
    await act(incident, { act: 'contained' });
    clock += 10;
    const other = await tells('n2', 'p2', [drift(2), drift(3)]);
    expect(await incidents.silencedBy(incident)).toEqual([
      {
        id: other.incident,
        severity: 'critical',
        sentence: 'shop ran /tmp/dropped, which nobody approved',
        subject: shop.subject,
        count: 2,
        left: 1,
      },
    ]);
  });
});
