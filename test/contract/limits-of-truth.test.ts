import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Desk, judging, ref } from '../fakes/watch-desk.ts';

interface Limit {
  readonly taught: (desk: Desk) => void;
  readonly missed: (desk: Desk) => void;
  /** As what it is told all the same; nothing when it is not. */
  readonly as: readonly string[];
  /** What lies next to it and shows as what it is. */
  readonly seen: (desk: Desk) => void;
  readonly shows: string;
}

const [python, dash] = ['/usr/bin/python3.11', '/usr/bin/dash'];
const upper = { origin: 'upper' } as const;
const cache = '/app/__pycache__/tool.cpython-311.pyc';
const link = (desk: Desk, target: string, path: string, symbolic = false): void =>
  desk.see({ kind: 'link', process: ref(100), path, target, symbolic });
const shop = (desk: Desk): void => desk.start(100, '/shop');

/** Each row stands in docs/limits.md (by name): what an act is taken for when its name is all that is known of it. */
const limits: Readonly<Record<string, Limit>> = {
  'compiled Python that somebody put into its cache': {
    taught: (d) => {
      shop(d);
      d.run(100, 101, python);
      d.open(101, cache, upper);
    },
    missed: (d) => d.open(101, cache, upper),
    as: [],
    seen: (d) => d.open(101, '/app/tool.pyc', upper),
    shows: `/shop>${python} load never-learnable`,
  },
  'a script without an ending that is called by a link of another name': {
    taught: (d) => {
      shop(d);
      d.run(100, 101, dash, { args: ['sh', '/data/run'] });
    },
    missed: (d) => d.open(101, '/data/other', upper),
    as: [`/shop>${dash} open new-file`],
    seen: (d) => d.open(101, '/data/run', upper),
    shows: `/shop>${dash} load never-learnable`,
  },
  'a script that a program reads which is no interpreter by name': {
    taught: (d) => {
      shop(d);
      d.run(100, 101, '/usr/sbin/apache2');
    },
    missed: (d) => d.open(101, '/var/www/x.php', upper),
    as: ['/shop>/usr/sbin/apache2 open new-file'],
    seen: (d) => d.run(100, 102, '/usr/bin/php', upper),
    shows: '/shop>/usr/bin/php exec new-program',
  },
  'a hard link to a sensitive file by way of a linked directory': {
    taught: shop,
    missed: (d) => {
      link(d, '/etc', '/tmp/e', true);
      link(d, '/tmp/e/shadow', '/data/x');
      d.open(100, '/data/x');
    },
    as: ['/shop link new-file', '/shop link new-file', '/shop open new-file'],
    seen: (d) => link(d, '/etc/shadow', '/data/y'),
    shows: '/shop link sensitive-file',
  },
  'a sensitive file under a name that is older than the agent, or that another container gave it': {
    taught: shop,
    missed: (d) => d.open(100, '/data/x'),
    as: ['/shop open new-file'],
    seen: (d) => {
      link(d, '/etc/shadow', '/data/y');
      d.open(100, '/data/y');
    },
    shows: '/shop open sensitive-file',
  },
};

describe('what is taken for what it is called', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');

  it.each(Object.entries(limits))('%s', (name, { taught, missed, as, seen, shows }) => {
    const desk = judging(taught);
    taught(desk);
    expect(desk.drifts()).toEqual([]);
    missed(desk);
    expect(desk.drifts().sort()).toEqual(as);
    seen(desk);
    expect(desk.drifts()).toContain(shows);
    expect(page, 'its row in docs/limits.md').toContain(name);
  });
});
