import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driftOf } from '../test/fakes/drifting.ts';
import { IncidentSite } from '../test/fakes/incident-site.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { shop } from '../test/fakes/reports.ts';
import { main } from './main.ts';

let site: IncidentSite;
beforeEach(async () => {
  site = await new IncidentSite().start();
});
afterEach(() => site.stop());

async function whorl(...args: readonly string[]) {
  const io = fakeIo();
  await main(['incidents', ...args, '--data-dir', site.dir], io);
  return { code: io.exitCode, out: io.stdout, err: io.stderr };
}
const peer = { kind: 'connect', transport: 'tcp', peer: 'redis.shop', port: 6379 } as const;
const calls = driftOf(1, {
  kind: 'connect',
  because: 'new-peer',
  lineage: ['/usr/bin/shop'],
  subject: 'redis.shop:6379',
  severity: 'medium',
  act: peer,
});
const drops = driftOf(2);

/** Two alike on two nodes, and another in the bank. */
async function two() {
  const first = await site.tells('n1', 'p1', [calls], { severity: 'medium', sentence: 'shop calls redis' });
  await site.tells('n2', 'p2', [{ ...calls, count: 4 }], {
    severity: 'medium',
    sentence: 'shop calls redis',
  });
  site.now += 60_000;
  const second = await site.tells('n1', 'p3', [drops], { workload: { ...shop, namespace: 'bank' } });
  return { calling: first.incident, dropping: second.incident };
}
const short = (id: string) => id.slice(0, 12);

describe('whorl incidents', () => {
  it('is a line for what drifted alike, the newest first', async () => {
    const { calling, dropping } = await two();
    await whorl('claim', calling, '--reason', 'looking');
    expect(await whorl()).toEqual({
      code: 1,
      out: [
        `critical ${short(dropping)} 2026-05-03T10:01:00Z ×1 on 1 copy/1 node: shop ran /tmp/dropped, which nobody approved`,
        `medium ${short(calling)} 2026-05-03T10:00:00Z ×5 on 2 copies/2 nodes: shop calls redis; claimed by local:ada`,
      ],
      err: [],
    });
  });

  it.each<[readonly string[], (ids: { calling: string; dropping: string }) => readonly string[]]>([
    [[], ({ dropping }) => [dropping]],
    [['--state', 'closed'], ({ calling }) => [calling]],
    [['--state', 'all'], ({ calling, dropping }) => [dropping, calling]],
    [['--state', 'all', '--severity', 'high'], ({ dropping }) => [dropping]],
    [['--state', 'all', '--namespace', 'default'], ({ calling }) => [calling]],
    [['--state', 'all', '--since', '2026-05-03T10:01:00Z'], ({ dropping }) => [dropping]],
    [['--state', 'all', '--limit', '1'], ({ dropping }) => [dropping]],
    [['--namespace', 'nowhere'], () => []],
  ])('shows what was asked for: %j', async (args, expected) => {
    const ids = await two();
    await whorl('contained', ids.calling, '--reason', 'INC-1');
    const { out, code } = await whorl(...args, '--json');
    expect(out.map((line) => JSON.parse(line).id)).toEqual(expected(ids));
    expect(code).toBe(expected(ids).includes(ids.dropping) ? 1 : 0);
  });

  it.each([
    ['--state', 'ajar', /--state must be one of open, closed, all/],
    ['--severity', 'grave', /--severity must be one of low, medium, high, critical/],
    ['--since', 'yesterday', /--since must be a time such as/],
    ['--limit', '0', /--limit must be a number from 1 to 10000/],
  ])('refuses %s %s', async (option, value, words) => {
    const { code, err } = await whorl(option, value);
    expect([code, err.join()]).toEqual([2, expect.stringMatching(words)]);
  });

  it('keeps the form of its lines for scripts', async () => {
    await two();
    const line = JSON.parse((await whorl('--json')).out[1] ?? '');
    expect(Object.keys(line)).toEqual([
      'id',
      'type',
      'severity',
      'kinds',
      'sentence',
      'first',
      'last',
      'workload',
      'drifts',
      'techniques',
      'approval',
      'version',
      'state',
      'count',
      'occurrences',
      'nodes',
    ]);
  });
});

describe('whorl incidents ID', () => {
  it('tells all about one', async () => {
    const { calling } = await two();
    await site.store.saveDecision({
      time: site.now,
      incident: calling,
      action: 'none',
      reason: 'policy-mode',
    });
    await whorl('claim', calling, '--reason', 'looking');
    await whorl('false-positive', calling, '--reason', 'CHG-1');
    const { code, out } = await whorl(calling);
    expect([code, ...out]).toEqual([
      0,
      'medium shop calls redis',
      `  id        ${calling}, version 3`,
      `  workload  default/unit/shop.service/shop in cluster local, image example/shop@sha256:${'a'.repeat(64)}`,
      '  state     closed as false-positive, claimed by local:ada',
      '  seen      1970-01-01T00:00:01Z to 2026-05-03T10:00:00Z, ×5 on 2 copies and 2 nodes',
      '  copies    p1 on n1, p2 on n2',
      '  drift     connect (new-peer) /usr/bin/shop: redis.shop:6379 × 5',
      '  approved  up to kill, by nobody',
      '  decided   nothing is stopped: the response policy goes no further',
      '  history   2026-05-03T10:01:00Z local:ada: claimed: looking',
      '  history   2026-05-03T10:01:00Z local:ada: false-positive: CHG-1',
    ]);
  });

  it('takes the id of any of its copies, and says so where one names none or two', async () => {
    const { calling } = await two();
    const other = Buffer.from('n2 p2').toString('hex').padEnd(64, '0');
    expect((await whorl(other)).out[1]).toContain(calling);
    expect(await whorl('ff')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/no incident has an id that begins with ff/)],
    });
    expect(await whorl('6e')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/more than one incident has an id that begins with 6e/)],
    });
  });
});

describe('whorl incidents preview', () => {
  it('says what accepting it would grant, and what it would not', async () => {
    const { incident } = await site.tells('n1', 'p1', [calls, drops], { more: 2 });
    expect(await whorl('preview', incident)).toEqual({
      code: 0,
      out: [
        `accepting ${short(incident)}, version 1, for default/unit/shop.service/shop`,
        '  grants    `/usr/bin/shop` connects to `redis.shop:6379`',
        '  not       exec of /tmp/dropped was too long to be kept whole: accept it from recorded events (--from)',
        '  not       2 drifts more, which the incident only counts',
        '  silences  no other open incident',
      ],
      err: [`to do it: whorl accept FINGERPRINT --incident ${short(incident)} --trust … --key … --push`],
    });
  });

  it('names what else would fall silent', async () => {
    const { incident } = await site.tells('n1', 'p1', [calls]);
    const subject = { ...shop.subject, digest: `sha256:${'c'.repeat(64)}` };
    const other = await site.tells('n1', 'p2', [calls, drops], { workload: { ...shop, subject } });
    expect((await whorl('preview', incident)).out).toContain(
      `  silences  ${short(other.incident)} critical ×2: shop ran /tmp/dropped, which nobody approved; 1 drift of it would go on`,
    );
    const told = JSON.parse((await whorl('preview', incident, '--json')).out[0] ?? '');
    expect(told).toMatchObject({
      id: incident,
      grants: ['`/usr/bin/shop` connects to `redis.shop:6379`'],
      silences: [{ id: other.incident, count: 2, left: 1 }],
    });
  });
});

describe('what a person decides', () => {
  it.each([
    ['claim', 'claimed', { state: 'open', claimedBy: 'local:ada' }],
    ['note', 'noted', { state: 'open' }],
    ['false-positive', 'closed as a false positive', { state: 'closed', disposition: 'false-positive' }],
    ['contained', 'closed as contained', { state: 'closed', disposition: 'contained' }],
  ])('%s is said and done', async (verb, done, after) => {
    const { calling } = await two();
    const { code, out } = await whorl(verb, calling, '--reason', 'CHG-1');
    expect([code, out]).toEqual([0, [`${short(calling)} ${done}: shop calls redis`]]);
    expect(await site.incidents.get(calling)).toMatchObject({ ...after, history: [{ reason: 'CHG-1' }] });
  });

  it('of several at once, and can be undone', async () => {
    const { calling, dropping } = await two();
    const closed = await whorl('false-positive', calling, dropping, calling, '--reason', 'CHG-1', '--json');
    expect(closed.out.map((line) => JSON.parse(line))).toEqual([
      { id: calling, act: 'false-positive', version: 2, reason: 'CHG-1' },
      { id: dropping, act: 'false-positive', version: 2, reason: 'CHG-1' },
    ]);
    expect((await whorl()).err).toEqual(['no incidents']);
    await whorl('undo', calling, '--reason', 'not so');
    expect((await whorl()).out).toHaveLength(1);
  });

  it('is not done when somebody was quicker, who is named, or when more has drifted', async () => {
    const { calling, dropping } = await two();
    await whorl('contained', calling, '--reason', 'INC-9');
    const late = await whorl('false-positive', calling, '--seen', '1', '--reason', 'CHG-1');
    expect([late.code, late.err]).toEqual([
      2,
      [
        `not done ${short(calling)}: somebody was quicker: 2026-05-03T10:01:00Z local:ada: contained: INC-9; look at version 2 first: whorl incidents ${short(calling)}`,
      ],
    ]);
    await site.tells('n1', 'p3', [drops, driftOf(7)], { workload: { ...shop, namespace: 'bank' } });
    const grown = await whorl('false-positive', dropping, '--seen', '1', '--reason', 'CHG-1');
    expect(grown.err.join()).toContain('more has drifted since version 1, or it was opened again');
    expect(await site.incidents.get(dropping)).toMatchObject({ state: 'open', version: 2 });
  });

  it('goes on with the others where one cannot be decided on, and says which', async () => {
    const { calling, dropping } = await two();
    await whorl('contained', calling, '--reason', 'INC-9');
    const { code, out, err } = await whorl('contained', calling, dropping, '--reason', 'INC-9');
    expect([code, out.length, err.join()]).toEqual([
      2,
      1,
      expect.stringMatching(
        /^not done 6e[0-9a-f]{10}: the collector refused: it is closed already; undo what closed it/,
      ),
    ]);
  });

  it.each([
    ['without a reason', [], 2, /add --reason TEXT/],
    ['with one of spaces', ['--reason', ' '], 2, /add --reason TEXT/],
    ['about none that is known', ['ff', '--reason', 'x'], 2, /no incident has an id that begins with ff/],
    ['as seen, about two', ['ff', '--seen', '1', '--reason', 'x'], 2, /--seen takes the version of one/],
  ])('is refused %s, and nothing was done', async (_, more, code, words) => {
    const { calling } = await two();
    const ran = await whorl('contained', calling, ...more);
    expect([ran.code, ran.out, ran.err.join()]).toEqual([code, [], expect.stringMatching(words)]);
    expect(await site.incidents.get(calling)).toMatchObject({ version: 1 });
  });

  it('is only said in a dry run', async () => {
    const { calling } = await two();
    const { err } = await whorl('contained', calling, '--reason', 'x', '--dry-run');
    expect(err).toEqual([`would say of ${short(calling)} (shop calls redis): closed as contained`]);
    expect(await site.incidents.get(calling)).toMatchObject({ version: 1 });
  });
});
