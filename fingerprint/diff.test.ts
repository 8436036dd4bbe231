import { describe, expect, it } from 'vitest';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import { fullCoverage } from './coverage.ts';
import { diff } from './diff.ts';
import type { Change } from './diff-change.ts';
import { fold, headline } from './diff-fold.ts';
import { diffMarkdown } from './diff-markdown.ts';
import { diffSarif } from './diff-sarif.ts';
import type { Baseline } from './fingerprint.ts';
import { grantsOf } from './grants.ts';
import { unpushedDigest } from './image-ref.ts';
import { learn } from './learn.ts';
import { ProgramSet } from './program-set.ts';
import { prune } from './prune.ts';

const cart = { root: 'entrypoint', lineage: ['/usr/bin/cart'] } as const;
const sh = { root: 'entrypoint', lineage: ['/usr/bin/cart', '/bin/sh'] } as const;
const implant = { root: 'entrypoint', lineage: ['/usr/bin/cart', '/bin/sh', '/tmp/.x'] } as const;

function baselineOf(...behaviours: readonly Behaviour[]): Baseline {
  const set = new ProgramSet();
  for (const b of behaviours) set.addBehaviour(b);
  return { ...learn(subject, [], aboutAll), behaviour: set.toSet() };
}
const starts: Behaviour = { ...cart, kind: 'exec', args: ['cart'], origin: 'image' };
const writes = (path: string): Behaviour => ({ ...cart, kind: 'open', path, access: 'write' });
const connects = (peer: string, over: object = {}): Behaviour => ({
  ...cart,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 443,
  ...over,
});
const known = baselineOf(starts);
const tell = (old: Baseline, next: Baseline): string[] =>
  diff(old, next).changes.map((c) => `${c.widens ? '+' : '-'} ${c.severity} ${c.change} ${c.sentence}`);

describe('diff', () => {
  it('takes what was recorded before the push and what was signed after it for one image', () => {
    const unpushed = { ...known, subject: { ...subject, digest: unpushedDigest } };
    expect([tell(unpushed, known), tell(known, unpushed)]).toEqual([[], []]);
  });

  it.each<[string, Baseline, Baseline, string[]]>([
    [
      'a new peer',
      known,
      baselineOf(starts, connects('api.stripe.com')),
      ['+ high added `cart` now connects to `api.stripe.com:443`'],
    ],
    [
      'a second peer',
      baselineOf(starts, connects('db.shop')),
      baselineOf(starts, connects('db.shop'), connects('api.stripe.com')),
      ['+ medium added `cart` now connects to `api.stripe.com:443`'],
    ],
    [
      'a peer that may answer from inside',
      baselineOf(starts, connects('api.stripe.com')),
      baselineOf(starts, connects('api.stripe.com', { inward: true })),
      [
        '+ high widened `cart` now connects to `api.stripe.com:443`, also where that name answers an address inside',
      ],
    ],
    [
      'any port instead of one',
      baselineOf(starts, connects('api.stripe.com')),
      baselineOf(starts, connects('api.stripe.com', { port: -1 })),
      [
        '+ medium widened `cart` now connects to `api.stripe.com` on any drawn port (was: port 443)',
        '- low removed `cart` no longer connects to `api.stripe.com:443` (still: any drawn port)',
      ],
    ],
    [
      'a pattern instead of names',
      baselineOf(starts, ...[...'abcde'].map((n) => writes(`/data/uploads/${n}`))),
      baselineOf(starts, writes('/data/uploads/{any}')),
      ['+ low widened `cart` now writes any name in `/data/uploads` (data directory) (was: 5 names)'],
    ],
    [
      'names instead of a pattern',
      baselineOf(starts, writes('/data/uploads/{any}')),
      baselineOf(starts, writes('/data/uploads/a')),
      [
        '- low narrowed `cart` no longer writes any name in `/data/uploads` (data directory) (still: `/data/uploads/a`)',
      ],
    ],
    [
      'a name that a pattern took already',
      baselineOf(starts, writes('/data/uploads/{any}')),
      baselineOf(starts, writes('/data/uploads/{any}'), writes('/data/uploads/a')),
      [],
    ],
    [
      'one more way to use a file',
      baselineOf(starts, writes('/data/a')),
      baselineOf(starts, writes('/data/a'), { ...cart, kind: 'delete', path: '/data/a' }),
      ['+ low widened `cart` now deletes `/data/a` (was: write)'],
    ],
    [
      'a sensitive file',
      known,
      baselineOf(starts, { ...cart, kind: 'open', path: '/etc/shadow', access: 'read' }),
      ['+ high added `cart` now reads `/etc/shadow` (sensitive)'],
    ],
    [
      'another origin',
      known,
      baselineOf(starts, { ...starts, origin: 'upper' }),
      ['+ critical widened `cart` may now run from a file written into the container'],
    ],
    [
      'no origin any more',
      known,
      baselineOf({ ...cart, kind: 'exec', args: ['cart'] }),
      [
        '+ high widened `cart` may now run from a file of another image of the pod',
        '+ high widened `cart` may now run from a volume',
      ],
    ],
    [
      'an implant with a shell and a tool of its own, as one sentence',
      known,
      baselineOf(
        starts,
        { ...sh, kind: 'exec', args: ['sh', '-c', '/tmp/.x'], origin: 'image' },
        { ...implant, kind: 'exec', args: ['.x'], origin: 'upper' },
        { ...implant, kind: 'connect', transport: 'tcp', peer: '203.0.113.7', port: 4444 },
      ),
      [
        '+ critical added `sh` is new: started by `cart`, runs `sh -c /tmp/.x`, starts `.x`, which runs from a file written into the container and connects to the address `203.0.113.7:4444`, which nothing names',
        '+ critical added `.x` is new: started by `sh`, runs `.x`, runs from a file written into the container, connects to the address `203.0.113.7:4444`, which nothing names',
      ],
    ],
    [
      'a program that is gone',
      baselineOf(starts, { ...sh, kind: 'exec', args: ['sh'] }),
      known,
      ['- low removed `sh` is gone: nothing starts it any more below `cart`'],
    ],
    [
      'a kind that is no longer judged',
      known,
      { ...known, coverage: fullCoverage.filter((k) => k !== 'connect') },
      ['+ high widened connect is no longer judged: all of it passes'],
    ],
    [
      'an entry of a kind that was not judged before',
      { ...known, coverage: ['exec'] },
      { ...baselineOf(starts, connects('api.stripe.com')), coverage: ['connect', 'exec'] },
      [
        '- low added `cart` now connects to `api.stripe.com:443`, which was not judged before',
        '- low narrowed connect is judged now',
      ],
    ],
    [
      'a phase that is no longer judged',
      known,
      { ...known, phases: ['steady'] },
      ['+ high widened the start is no longer judged: all of it passes'],
    ],
    [
      'a parameter',
      known,
      { ...known, parameters: [{ kind: 'site', name: 'db', what: 'your database' }] },
      ['+ medium added the site is asked to say what `{site:db}` is: `your database`'],
    ],
    [
      'another version of the rules',
      known,
      { ...known, rules: { ...known.rules, sensitive: known.rules.sensitive + 1 } },
      [expect.stringMatching(/^- low changed its sensitive rules are version \d+/)],
    ],
  ])('%s', (_name, old, next, sentences) => {
    expect(tell(old, next).sort()).toEqual([...sentences].sort());
  });

  it('holds for more copies when its scope is dropped', () => {
    const scope = {
      cluster: 'prod',
      namespace: 'shop',
      owner: 'Deployment/cart',
      container: '',
      role: 'main',
    } as const;
    expect(diff({ ...known, scope }, known)).toMatchObject({ widens: true });
    expect(diff(known, { ...known, scope }).widens).toBe(false);
    expect(diff({ ...known, scope }, { ...known, scope: { ...scope, namespace: 'x' } }).widens).toBe(true);
  });

  it('says that a tombstone is gone, and what comes back with it', () => {
    const wide = baselineOf(starts, connects('db.shop'));
    const id = grantsOf(wide.behaviour).find((g) => g.entry.kind === 'network')?.id ?? '';
    const pruned = prune(wide, new Set([id]));
    expect(diff(wide, pruned).widens).toBe(false);
    expect(tell(pruned, wide).sort()).toEqual([
      '+ high added `cart` now connects to `db.shop:443`',
      '+ medium removed that `cart` connects to `db.shop:443` was removed by a person and may be learned again',
    ]);
  });

  it('does not show ids: a program that sorts first moves all of them and changes nothing', () => {
    const probe: Behaviour = { root: 'entrypoint', lineage: ['/aaa'], kind: 'exec', args: ['a'] };
    const d = diff(known, baselineOf(starts, probe));
    expect(d.changes.map((c) => c.program)).toEqual(['/aaa']);
    expect(JSON.stringify(d)).not.toMatch(/"p\d+"/);
  });

  it('tells a name with the peer that it is the name of', () => {
    const next = baselineOf(starts, connects('api.stripe.com'), {
      ...cart,
      kind: 'resolve',
      name: 'api.stripe.com',
    });
    const { changes } = diff(known, next);
    expect(changes).toHaveLength(2);
    expect(fold(changes, { all: false }).flatMap((g) => g.lines)).toHaveLength(1);
    expect(fold(changes, { all: true }).flatMap((g) => g.lines)).toHaveLength(2);
  });

  it('counts heaps of dull files, and never a grave one among them', () => {
    const heap = Array.from({ length: 40 }, (_, i) => writes(`/usr/share/f${i}`));
    const { changes } = diff(known, baselineOf(starts, ...heap, writes('/usr/x/id_rsa')));
    const lines = fold(changes, { all: false }).flatMap((g) => g.lines.map((l) => l.sentence));
    expect(lines).toHaveLength(5);
    expect(lines[0]).toContain('id_rsa');
    expect(lines[4]).toBe('and 37 more files below `/usr`');
  });

  it('has one headline', () => {
    expect(headline(diff(known, known))).toMatch(/^no difference: 2 entries unchanged$/);
    expect(headline(diff(known, baselineOf(starts, connects('x'))))).toBe(
      'it allows more: 1 added; 2 entries unchanged',
    );
    expect(headline(diff(baselineOf(starts, connects('x')), known))).toBe(
      'it allows nothing more: 1 removed; 2 entries unchanged',
    );
  });
});

const hostile = baselineOf(
  starts,
  { ...cart, kind: 'exec', args: ['cart', '@team', '](http://evil)', '{0}', '|', '</td>'], origin: 'image' },
  ...Array.from({ length: 60 }, (_, i) => connects(`h${i}.example`)),
);
const titles = { subject: '`shop/cart`', old: '`a.json`', next: '`b|c.json`' };

describe('diffMarkdown', () => {
  it('is a comment of one headline, one table and folded details', () => {
    const old = baselineOf(starts, writes('/gone'));
    expect(diffMarkdown(diff(old, baselineOf(starts, connects('api.example'))), titles)).toBe(
      [
        '### ⚠️ <code>shop/cart</code>: it allows more: 1 added and 1 removed; 2 entries unchanged',
        '',
        '| Severity | What it allows now |',
        '|---|---|',
        '| high | <code>cart</code> now connects to <code>api&#46;example&#58;443</code> |',
        '',
        '<details><summary>1 change that allows nothing more</summary>',
        '',
        '- <code>cart</code> no longer writes <code>/gone</code>',
        '',
        '</details>',
        '',
        '<sub><code>a&#46;json</code> → <code>b&#124;c&#46;json</code></sub>',
        '',
      ].join('\n'),
    );
  });

  it('fits into a comment and lets nothing of the watched world be markup', () => {
    const text = diffMarkdown(diff(known, hostile), titles);
    expect(text.length).toBeLessThan(65_536);
    expect(text).not.toMatch(/@team|\]\(|<\/td>|evil\)/);
    for (const row of text.split('\n').filter((line) => line.startsWith('| ')))
      expect(row.match(/\|/g)).toHaveLength(3);
  });
});

/** What SARIF 2.1.0 requires of the members that are written (sections in brackets), checked by hand. */
function assertSarif(log: unknown): void {
  expect(log).toMatchObject({ version: '2.1.0', $schema: expect.stringContaining('sarif-2.1.0') }); // 3.13
  const { runs } = log as { runs: Record<string, never>[] };
  expect(runs).toHaveLength(1);
  for (const run of runs as unknown as SarifRun[]) {
    const { driver } = run.tool; // 3.14.6, 3.18.2
    expect(driver.name).toMatch(/\S/); // 3.19.8
    const ids = driver.rules.map((r) => r.id); // 3.49.3
    expect(new Set(ids).size).toBe(ids.length);
    for (const rule of driver.rules) {
      expect(rule.shortDescription.text).toMatch(/\S/); // 3.49.9
      expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level); // 3.50.3
    }
    for (const result of run.results) {
      expect(ids[result.ruleIndex]).toBe(result.ruleId); // 3.27.5, 3.27.6
      expect(['fail', 'informational']).toContain(result.kind); // 3.27.9
      expect(result.level === 'none').toBe(result.kind !== 'fail'); // 3.27.10
      expect(['none', 'note', 'warning', 'error']).toContain(result.level);
      expect(result.message.text).toMatch(/\.$/); // 3.11.3
      // No embedded link (3.11.6), no placeholder (3.11.5).
      expect(result.message.text.replaceAll(/\\[[\]\\]|\{\{|\}\}/g, '')).not.toMatch(/[[\]\\{}]/);
      for (const location of result.locations) {
        const { uri } = location.physicalLocation.artifactLocation; // 3.4.3
        expect(uri).toMatch(/^[A-Za-z0-9._~%/-]+$/);
        expect(location.physicalLocation.region.startLine).toBeGreaterThanOrEqual(1); // 3.30.5
        for (const logical of location.logicalLocations) {
          expect(logical.fullyQualifiedName).toMatch(/\S/); // 3.33.5
          expect(logical.name).toMatch(/\S/);
        }
      }
      for (const value of Object.values(result.partialFingerprints)) expect(typeof value).toBe('string'); // 3.27.17
    }
  }
}
interface SarifRun {
  tool: {
    driver: {
      name: string;
      rules: { id: string; shortDescription: { text: string }; defaultConfiguration: { level: string } }[];
    };
  };
  results: {
    ruleId: string;
    ruleIndex: number;
    kind: string;
    level: string;
    message: { text: string };
    locations: {
      physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } };
      logicalLocations: { name: string; fullyQualifiedName: string }[];
    }[];
    partialFingerprints: Record<string, string>;
  }[];
}

describe('diffSarif', () => {
  const about = { version: '1.2.3', uri: 'a/b.json' };

  it('has what SARIF 2.1.0 requires, whatever the watched world says', () => {
    assertSarif(diffSarif(diff(known, known), about));
    assertSarif(diffSarif(diff(hostile, baselineOf(starts, writes('/{num}/[a](b)\\'))), about));
    assertSarif(diffSarif(diff(known, hostile), about));
  });

  it('lets nothing through that turns what a page shows', () => {
    const lineage = ['/tmp/\u202egpj.sh'];
    const actor: Actor = { root: 'entrypoint', lineage };
    const turned: Behaviour[] = [
      { ...actor, kind: 'exec', args: ['\u009b2J'], origin: 'image' },
      { ...actor, kind: 'delete', path: '/srv/\u2066x' },
    ];
    const log = JSON.stringify(diffSarif(diff(known, baselineOf(...turned)), about));
    expect(log).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('gives the same finding the same fingerprint, run after run', () => {
    const keys = (next: Baseline): string[] => diff(known, next).changes.map((c: Change) => c.id);
    const late = { ...hostile, observation: { ...observation, events: 5 } };
    expect(keys(late)).toEqual(keys(hostile));
    expect(new Set(keys(hostile)).size).toBe(keys(hostile).length);
  });
});
