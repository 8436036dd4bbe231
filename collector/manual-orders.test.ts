import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../fingerprint/incident.ts';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { aDrift, anApproval, anIncident } from '../test/fakes/reports.ts';
import type { ManualRequest } from './manual-orders.ts';

const who = { author: 'ada', reason: 'ticket 7' };
const instance = { id: 'copy-1', node: 'node-a1', startedAt: 5 };
const incident = anIncident({ instance });

let c: BrakedCollector;
beforeEach(async () => {
  c = await BrakedCollector.start();
  c.policy = { ...c.policy, mode: 'alert' };
  await c.agent('a1', ['copy-1', 'copy-2']);
});
afterEach(() => c.stop());

let keys = 0;
function request(over: Partial<ManualRequest> = {}): ManualRequest {
  keys += 1;
  return { key: `request-${keys}`, action: 'kill-subtree', incidents: [incident.id], force: [], ...over };
}
const actions = () => c.orders.map((o) => o.action);

describe("a person's order", () => {
  it('is given whatever the response policy wishes, in his name, and written down', async () => {
    await c.incident('a1', incident);
    expect(await c.manual.request(request(), who)).toMatchObject({
      ok: true,
      outcomes: [{ result: 'ordered' }],
    });
    expect(c.orders).toMatchObject([
      {
        action: 'kill-subtree',
        reason: 'the drifting processes are killed: a person ordered it (ada: ticket 7)',
        target: { instance: 'copy-1', process: incident.culprit },
      },
    ]);
    expect(c.audited).toMatchObject([{ type: 'manual-order', author: 'ada', reason: 'ticket 7' }]);
  });

  it('is given once, however often it is asked for, over a restart', async () => {
    await c.incident('a1', incident);
    const asked = request();
    const [one, two] = await Promise.all([c.manual.request(asked, who), c.manual.request(asked, who)]);
    expect(two).toEqual(one);
    await c.restart();
    expect(await c.manual.request(asked, who)).toEqual(one);
    expect(await c.manual.request({ ...asked, action: 'hold' }, who)).toMatchObject({
      code: 'other-request',
    });
    expect(actions()).toEqual(['kill-subtree']);
  });

  it.each<[string, Partial<Incident>, ManualRequest['action']]>([
    ['no-approval', { approval: undefined } as unknown as Partial<Incident>, 'hold'],
    ['provisional', { approval: { ...anApproval, provisional: true } }, 'hold'],
    ['approval-mode', { approval: { ...anApproval, maxMode: 'freeze' } }, 'kill'],
    ['protected-namespace', { workload: { ...incident.workload, namespace: 'kube-system' } }, 'hold'],
    ['known-program', { drifts: [{ ...aDrift, because: 'sensitive-file' }] }, 'kill-subtree'],
    ['unknown-instance', { instance: { ...instance, id: 'copy-9' } }, 'hold'],
  ])('passes no %s, whatever is forced', async (code, over, action) => {
    const { approval, ...rest } = { ...incident, ...over };
    await c.incident('a1', approval === undefined ? rest : { ...rest, approval });
    const answer = await c.manual.request(request({ action, force: ['budget', 'last-copy'] }), who);
    expect(answer).toMatchObject({ outcomes: [{ result: 'refused', code }] });
    expect(c.orders).toEqual([]);
  });

  it('passes a budget by name, and not the last copy with it', async () => {
    await c.incident('a1', incident);
    const other = anIncident({ id: '2'.repeat(64), instance, drifts: [{ ...aDrift, key: 'e'.repeat(64) }] });
    await c.incident('a1', other);
    await c.manual.request(request(), who);
    const about = { incidents: [other.id] };
    const refused = await c.manual.request(request(about), who);
    expect(refused).toMatchObject({ outcomes: [{ code: 'needs-force', force: ['budget'] }] });
    const passed = await c.manual.request(request({ ...about, force: ['budget'] }), who);
    expect(passed).toMatchObject({ outcomes: [{ result: 'ordered', passed: ['brake-owner'] }] });
    expect(c.orders.at(-1)?.reason).toBe(
      'the drifting processes are killed: a person ordered it (ada: ticket 7), past brake-owner',
    );
  });

  it('ends the last copy only when that is said', async () => {
    c.present.clear();
    await c.agent('a2', ['copy-1'], { node: 'node-a1' });
    await c.incident('a2', incident);
    const kill = { action: 'kill' } as const;
    expect(await c.manual.request(request({ ...kill, force: ['budget'] }), who)).toMatchObject({
      outcomes: [{ code: 'needs-force', force: ['last-copy'] }],
    });
    await c.manual.request(request({ ...kill, force: ['last-copy'] }), who);
    expect(actions()).toEqual(['kill']);
  });

  it('lets go what is held, past every brake', async () => {
    await c.incident('a1', incident);
    await c.manual.request(request({ action: 'resume' }), who);
    expect(c.orders).toMatchObject([
      { action: 'resume', reason: expect.stringContaining('(ada: ticket 7)') },
    ]);
  });

  it('says what is missing where it cannot be given', async () => {
    await c.incident('a1', incident);
    const code = async (over: Partial<ManualRequest>) => {
      const answer = await c.manual.request(request(over), who);
      return answer.ok && answer.outcomes[0]?.result === 'refused' ? answer.outcomes[0].code : answer;
    };
    expect(await code({ incidents: ['nothing'] })).toBe('unknown-incident');
    expect(await code({ action: 'quarantine' })).toBe('no-enforcer');
    c.present.clear();
    expect(await code({})).toBe('agent-away');
    expect(await c.manual.request(request(), { ...who, reason: '' })).toMatchObject({ code: 'no-reason' });
    expect(await c.manual.request(request({ key: 'x' }), who)).toMatchObject({ code: 'bad-key' });
    const many = Array.from({ length: 101 }, (_, i) => `i${i}`);
    expect(await c.manual.request(request({ incidents: many }), who)).toMatchObject({ code: 'too-many' });
  });
});
