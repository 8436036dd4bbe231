import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviourDigest } from './behaviour-digest.ts';
import type { Baseline } from './fingerprint.ts';
import { grantsOf } from './grants.ts';
import { withKept } from './kept-entries.ts';
import { learn } from './learn.ts';
import { parseBaseline } from './parse-fingerprint.ts';

const app = { root: 'entrypoint', lineage: ['/app'] } as const;
const sh = { root: 'entrypoint', lineage: ['/app', '/bin/sh'] } as const;
const runs: Behaviour = { ...app, kind: 'exec', args: ['app'] };
const shells: Behaviour = { ...sh, kind: 'exec', args: ['sh', '-c', 'x'] };
const stores: Behaviour = { ...app, kind: 'open', path: '/data/a', access: 'write', origin: 'volume' };
const connects = (peer: string): Behaviour => ({
  ...app,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 5432,
});
const learned = (...bs: readonly Behaviour[]): Baseline => learn(subject, bs, aboutAll);
const none = () => false;

describe('what a new recording keeps of the former', () => {
  it('is nothing, where nothing is known to come and go', () => {
    const now = learned(runs).behaviour;
    expect(withKept(now, learned(runs, stores, shells), none)).toEqual(now);
  });

  it('is what is known to come and go, to the byte, with the programs that start it', () => {
    const former = learned(runs, stores, shells);
    const ids = new Set(grantsOf(former.behaviour).map((g) => g.id));
    const behaviour = withKept(learned(runs).behaviour, former, (id) => ids.has(id));
    expect(behaviourDigest(behaviour)).toBe(behaviourDigest(former.behaviour));
    const ofShell = grantsOf(former.behaviour).find((g) => g.program.exe === '/bin/sh');
    const only = withKept({ programs: [] }, former, (id) => id === ofShell?.id);
    expect(only.programs.map((p) => p.exe)).toEqual(['/app', '/bin/sh']);
    expect(parseBaseline({ ...former, behaviour: only }).behaviour).toEqual(only);
  });

  it('is what a person wrote with a site parameter in it: no recording shows that', () => {
    const parameters = [{ kind: 'site', name: 'database', what: 'yours' }] as const;
    const former = learn(subject, [runs, connects('{site:database}')], { ...aboutAll, parameters });
    expect(withKept(learned(runs).behaviour, former, none)).toEqual(former.behaviour);
  });

  it('is not what a person took back', () => {
    const removed = learned(connects('db.test')).behaviour;
    const former: Baseline = { ...learned(runs), removed };
    expect(withKept(learned(runs, connects('db.test')).behaviour, former, none)).toEqual(
      learned(runs).behaviour,
    );
  });
});
