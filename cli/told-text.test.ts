import { describe, expect, it } from 'vitest';
import { type AgentLine, agentLineText, receiptText } from './agent-line.ts';
import { cgroupMount } from './cgroup-mount.ts';
import { collectorLineText } from './collector-line.ts';
import { Cleanup } from './demo/cleanup.ts';
import { LineLog } from './demo/line-log.ts';
import { describeAgent, describeCollector, describeWorkloads, lostOf } from './status-text.ts';
import { renderText } from './text.ts';

const subject = { name: 'shop', digest: `sha256:${'ab'.repeat(32)}` };
const workload = {
  cluster: 'c',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'web',
  role: 'main',
  subject,
} as const;
const receipt = { order: 'o', incident: 'abcdef0123456789', result: 'done', stopped: [7, 8] } as const;

describe('what an agent tells', () => {
  const instance = { id: 'c1', node: 'n', startedAt: 0 };
  it.each<[AgentLine, string | undefined]>([
    [
      { type: 'instance', state: 'found', workload, instance },
      'found running: shop/Deployment/cart/web, copy c1; its start was not seen',
    ],
    [
      {
        type: 'instance',
        state: 'exited',
        workload: { ...workload, namespace: 'host', container: 'main' },
        instance,
      },
      'ended: Deployment/cart, copy c1',
    ],
    [{ type: 'instance-unknown', instance: '\u001b[2J', reason: 'why' }, 'not watched: \\x1b[2J, why'],
    [
      { type: 'gap', since: 0, until: 1, lost: 0, reason: 'ring full' },
      'gap an unknown number of events were not seen: ring full',
    ],
    [
      { type: 'receipt', receipt: { ...receipt, action: 'kill-subtree', eventToStoppedUs: 1_250 } },
      'abcdef01 killed pid 7, 8, 1.3 ms after the act',
    ],
    [
      {
        type: 'workload-untrusted',
        workload,
        subject,
        code: 'KEY_REVOKED',
        fingerprint: 'sha256:f',
        file: 'abc',
      },
      'untrusted shop/Deployment/cart/web: what was signed for it is refused (KEY_REVOKED), so it is neither judged nor learned; whorl status says what to do',
    ],
    [
      { type: 'collector', state: 'restored', stored: 40, acked: 70, lost: 30 },
      'restored: the collector was restored from a backup or is another one; 30 reports it acknowledged after it are not there, and what runs here is told anew',
    ],
    [
      { type: 'collector', state: 'rolled-back', stored: 40, acked: 70, lost: 30 },
      'rolled back: the collector lacks 30 reports that it acknowledged, and was not restored by whorl; look at its disk',
    ],
    [
      {
        type: 'disarm-in-force',
        namespace: 'shop',
        until: 1,
        detail: 'disarmed in namespace shop \u001b[2J',
      },
      'DISARMED nothing new is stopped: disarmed in namespace shop \\x1b[2J',
    ],
    [
      { type: 'disarm-ended', detail: 'disarmed on this node (ada: repair)' },
      'armed no longer disarmed on this node (ada: repair)',
    ],
    [{ type: 'disarm-labels', state: 'seen' }, 'asking the Kubernetes API which namespaces are disarmed'],
    [
      { type: 'disarm-labels', state: 'unseen', reason: 'it refuses (403)' },
      'not told which namespaces are disarmed: it refuses (403); what was known holds until its end',
    ],
    [{ type: 'uplink', state: 'connected', detail: '' }, undefined],
  ])('%j', (line, text) => {
    const told = agentLineText(line);
    expect(told === undefined ? undefined : renderText(told, false)).toBe(text);
  });

  it('says why nothing was stopped', () => {
    expect(receiptText({ ...receipt, result: 'refused-signature', detail: 'unknown key' })).toBe(
      'not stopped (refused-signature): unknown key',
    );
  });
});

describe('what a collector tells', () => {
  it('names what learning still lacks, and that it is complete', () => {
    const reasons = [
      { id: 'elapsed', ok: true, sentence: 'long enough' },
      { id: 'loss', ok: false, sentence: '3 lost' },
    ] as const;
    const line = { type: 'readiness', hash: 'h', workload, ready: false, phases: [], reasons } as const;
    expect(collectorLineText(line)).toBe('still learning shop/Deployment/cart/web: 3 lost');
    expect(renderText(collectorLineText({ ...line, ready: true }) ?? '', false)).toMatch(
      /^learned shop.*long enough; 3 lost$/,
    );
  });
});

describe('status', () => {
  const approval = { version: 7, signedBy: 'Shop Inc' };

  it('says that no agent runs, and copes with answers it does not know', () => {
    expect(describeAgent(undefined)).toEqual(['agent      not running']);
    for (const strange of [null, 7, [], { holds: 'x', counters: [] }])
      expect(describeAgent(strange).length).toBeGreaterThan(0);
    expect(describeCollector(undefined)).toEqual([]);
    expect(describeWorkloads({ workloads: 'none' })).toEqual([]);
  });

  const row = (owner: string, more: object) => ({
    workload: { namespace: 'shop', owner },
    running: 1,
    instances: 2,
    starts: 1,
    readiness: {
      ready: false,
      reasons: [
        { ok: false, sentence: 'too short' },
        { ok: true, sentence: 'fine' },
      ],
    },
    ...more,
  });

  it('says of each workload how far it is, what is missing, and when it may be done', () => {
    const rows = [
      row('Deployment/a', { readiness: { ...row('', {}).readiness, inUs: 5 * 3_600_000_000 } }),
      row('Deployment/b', { readiness: { ready: true, reasons: [] }, provisional: { version: 1 } }),
      row('Deployment/c', { readiness: { ready: true, reasons: [] }, notSigned: 'it holds a secret' }),
    ];
    expect(describeWorkloads({ workloads: rows })).toEqual([
      'learning   shop/Deployment/a: 1 of 2 copies run, 0 behaviours, 0 incidents',
      '             too short',
      '             ready in about 5 h if nothing new shows',
      'alerting   shop/Deployment/b: 1 of 2 copies run, 0 behaviours, 0 incidents',
      'learned    shop/Deployment/c: 1 of 2 copies run, 0 behaviours, 0 incidents',
      '             learned, but not signed: it holds a secret',
    ]);
  });

  it('says of each what was signed and approved', () => {
    const signed = { version: 7, digest: 'sha256:x' };
    const rows = [
      row('Deployment/a', { readiness: {}, signed }),
      row('Deployment/b', { readiness: {}, signed, approved: { mode: 'kill', reason: 'OPS-1' } }),
      row('Deployment/c', { signed: { ...signed, refused: 'KEY_REVOKED' } }),
    ];
    const lines = describeWorkloads({ workloads: rows });
    expect(lines.at(-2)).toMatch(/^untrusted {2}shop\/Deployment\/c: /);
    expect(lines.filter((line) => line.startsWith('   '))).toEqual([
      '             version 7 is handed out and waits for approval: it alerts at most',
      '             version 7 is handed out, approved up to kill: OPS-1',
      '             version 7 is refused (KEY_REVOKED): nothing that is learned of it alerts by itself',
    ]);
  });

  it.each<[string, object, string[]]>([
    ['a workload that only learns', {}, []],
    [
      'whose fingerprint is refused',
      {
        state: 'untrusted',
        untrusted: { code: 'KEY_REVOKED', fingerprint: 'sha256:f', file: 'abc' },
        workload: {
          namespace: 'shop',
          owner: 'cart',
          subject: { name: 'registry.example/cart', digest: 'sha256:d' },
        },
      },
      [
        'untrusted  shop/cart: what was signed for it is refused (KEY_REVOKED), so nothing is learned of it, and it is not judged',
        '             have a new version signed, or get it: whorl pull registry.example/cart:TAG --trust POLICY.json --out F --push',
        '             to learn it anew instead, take away agent/fingerprints/abc.intoto.json',
      ],
    ],
    [
      'a container without a name of its own, by its image',
      {
        approval: { maxMode: 'alert', version: 1, signedBy: 'vendor' },
        workload: {
          namespace: 'host',
          owner: 'cgroup/docker/{hex}',
          subject: { name: 'registry.example/cart' },
        },
      },
      [expect.stringContaining('host/cgroup/docker/{hex} (registry.example/cart): ')],
    ],
    ['what was only learned', { approval: { maxMode: 'alert', provisional: true } }, []],
    [
      'who approved it, how far and until when',
      {
        approval: { ...approval, maxMode: 'kill', approvedBy: 'Ada', approvedUntil: '2027-01-01T00:00:00Z' },
      },
      ['judging    shop/cart: version 7 by Shop Inc; up to kill, approved by Ada until 2027-01-01T00:00:00Z'],
    ],
    [
      'what nobody approved',
      { approval: { ...approval, maxMode: 'alert' }, inert: 2, warnings: ['NOT_APPROVED'] },
      [
        'judging    shop/cart: version 7 by Shop Inc; up to alert',
        '             2 entries are inert: its signer may not grant them alone, and nobody has approved them',
        '             waits for approval, and alerts at most until then: look at it, then whorl approve',
      ],
    ],
    [
      'what an approval of an earlier version says',
      { approval: { ...approval, maxMode: 'alert', neverLearnableMode: 'kill', approvedBy: 'Ada' } },
      [
        'judging    shop/cart: version 7 by Shop Inc; up to alert, and up to kill against what is never normal, approved by Ada for an earlier version',
      ],
    ],
    [
      'an image that has no fingerprint yet',
      { approval: { ...approval, maxMode: 'alert', neverLearnableMode: 'kill', carried: true, version: 0 } },
      [
        'judging    shop/cart: no fingerprint for this image yet; up to alert, and up to kill against what is never normal for an earlier version',
      ],
    ],
  ])('says of a workload of this node %s', (_what, more, lines) => {
    const workloads = [{ workload: { namespace: 'shop', owner: 'cart' }, ...more }];
    expect(describeAgent({ workloads }).slice(3)).toEqual(lines);
  });

  it('says that nothing signed is taken up where what was accepted is lost', () => {
    const counters = { 'fingerprints.refused.STATE_IO': 2 };
    expect(describeAgent({ counters }).at(-1)).toMatch(/^refuses {4}everything signed: .*STATE_IO/);
  });

  it('names the source and its version, and says when it delivers nothing', () => {
    const source = { name: 'tracee', version: 'v0.24.1', state: 'delivering' };
    const agent = { node: 'n', ready: true, coverage: ['exec', 'open'], source };
    expect(describeAgent(agent)[0]).toBe('agent      on n, sees exec, open through tracee v0.24.1');
    const away = {
      ...source,
      state: 'away',
      since: Date.UTC(2026, 4, 3) * 1000,
      reason: 'nobody listens',
    };
    expect(describeAgent({ ...agent, source: away })[1]).toBe(
      'not seen   anything since 2026-05-03T00:00:00.000Z: tracee delivers nothing, nobody listens',
    );
  });

  it('lists what would have to be restarted for its start-up to be known', () => {
    const rows = [
      row('Deployment/a', { starts: 0 }),
      row('Deployment/b', {}),
      row('Job/c', { starts: 0, running: 0 }),
    ];
    expect(describeWorkloads({ workloads: rows }).at(-1)).toMatch(
      /^restart {4}no start was ever seen of: shop\/Deployment\/a; restart them when it suits/,
    );
  });

  it('says which agent takes nothing that was learned, and what to add', () => {
    const agents = [{ node: 'n1', connected: true, counters: { 'fingerprints.refused.NO_LEARNER': 2 } }];
    expect(describeCollector({ agents, learnerKeyFile: '/d/learner.pub' }).at(-1)).toMatch(
      /^refuses {4}n1 takes nothing that was learned \(NO_LEARNER\): name \/d\/learner.pub .* whorl trust init --learner/,
    );
  });

  it('says nothing of the whole site to whom it is not told', () => {
    const told = { id: 'c', mode: 'kill', agents: [], workloads: 2 };
    expect(describeCollector(told)).toEqual(['collector  reactions up to kill']);
    expect(describeCollector({ ...told, address: 'a:1', documents: {} })).toEqual([
      'collector  at a:1, reactions up to kill; hands out 0 fingerprints, 0 overlays, 0 approvals, 0 trust policies',
      'agents     0 of 0 connected',
    ]);
  });

  it('says which node is watched twice, once for each node', () => {
    const agent = (node: string, source: string, beside: string[]) => ({
      ...{ cluster: 'c', node, source, connected: true },
      beside: beside.map((other) => ({ agent: other, source: other })),
    });
    const agents = [
      agent('n1', 'falco', ['tracee']),
      agent('n1', 'tracee', ['falco']),
      agent('n2', 'sensor', []),
    ];
    expect(describeCollector({ agents }).filter((line) => line.startsWith('twice'))).toEqual([
      'twice      n1 is watched by 2 agents at once (falco, tracee): what happens there is told by each; stop all but one',
    ]);
  });

  it('adds up everything that any counter calls lost', () => {
    expect(lostOf({ counters: { 'lost.source': 2, 'lost.pen-full': 3, events: 9, 'sensor.lost': 2 } })).toBe(
      5,
    );
  });
});

describe('cgroupMount', () => {
  it.each<[string, string, string | undefined]>([
    ['unified', '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw', '/sys/fs/cgroup'],
    [
      'hybrid',
      '31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n32 30 0:28 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 none rw',
      '/sys/fs/cgroup/unified',
    ],
    ['a name with a blank', '32 30 0:28 / /mnt/c\\040g rw - cgroup2 none rw', '/mnt/c g'],
    ['none', '31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu', undefined],
  ])('%s', (_name, mountinfo, mount) => expect(cgroupMount(mountinfo)).toBe(mount));
});

describe('Cleanup', () => {
  it('undoes in reverse order, once, and tells what it could not', async () => {
    const undone: string[] = [];
    const cleanup = new Cleanup();
    cleanup.add('first', () => void undone.push('first'));
    cleanup.add('broken', () => Promise.reject(new Error('stuck')));
    cleanup.add('last', () => void undone.push('last'));
    expect(await Promise.all([cleanup.run(), cleanup.run()])).toEqual([['broken: stuck'], ['broken: stuck']]);
    expect(undone).toEqual(['last', 'first']);
  });
});

describe('LineLog', () => {
  const { signal } = new AbortController();
  it('finds what was said before and what will be said, from a place on', async () => {
    const log = new LineLog<number>();
    log.add(1);
    expect(await log.wait('one', (n) => (n === 1 ? 'one' : undefined), { signal })).toBe('one');
    const later = log.wait('another one', (n) => (n === 1 ? 'again' : undefined), { from: log.end, signal });
    log.add(2);
    log.add(1);
    expect(await later).toBe('again');
  });

  it('gives up in time, in a sentence, or when it is told to', async () => {
    const log = new LineLog<number>();
    await expect(log.wait('nothing', () => undefined, { timeoutMs: 10, signal })).rejects.toThrow(
      /^nothing did not happen within 0\.01 s$/,
    );
    const stop = new AbortController();
    const waiting = log.wait('nothing', () => undefined, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
