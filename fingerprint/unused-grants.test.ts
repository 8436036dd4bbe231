import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { grantKey } from './grants.ts';
import { learn } from './learn.ts';
import { unusedGrants } from './unused-grants.ts';

const app = { root: 'entrypoint', lineage: ['/app'] } as const;
const exec: Behaviour = { ...app, kind: 'exec', args: ['/app'], origin: 'image' };
const open = (path: string): Behaviour => ({ ...app, kind: 'open', path, access: 'read' });
const connect = (peer: string): Behaviour => ({ ...app, kind: 'connect', transport: 'tcp', peer, port: 443 });

const of = (...behaviours: Behaviour[]) => learn(subject, behaviours, aboutAll);
const unused = (granted: BehaviourSet, used: ReturnType<typeof of>) =>
  unusedGrants(granted, used).map((g) => grantKey(g.entry).replaceAll('\0', ' ').trim());

describe('unusedGrants', () => {
  it('is what was granted and never done', () => {
    const granted = of(exec, open('/etc/a'), open('/etc/b'), connect('api.example')).behaviour;
    expect(unused(granted, of(exec, open('/etc/a')))).toEqual([
      'file read /etc/b',
      'network connect tcp 443 api.example',
    ]);
    expect(unused(granted, of(exec, open('/etc/a'), open('/etc/b'), connect('api.example')))).toEqual([]);
  });

  it('is all of a program that never ran', () => {
    const shell: Behaviour = { root: 'entrypoint', lineage: ['/app', '/bin/sh'], kind: 'exec', args: ['sh'] };
    expect(unused(of(exec, shell).behaviour, of(exec))).toEqual(['arguments 1 sh']);
  });

  it('says nothing of kinds that were not watched', () => {
    const used = { ...of(exec), coverage: ['exec', 'open'] as const };
    expect(unusedGrants(of(exec, connect('api.example')).behaviour, used)).toEqual([]);
  });

  it('takes a pattern for used when a name was seen that it takes', () => {
    const granted = of(exec).behaviour;
    const [p] = granted.programs as [Program];
    const files = [{ path: '/data/{any}', access: ['read'] as const }];
    const pattern = { programs: [{ ...p, files }] };
    expect(unused(pattern, of(exec, open('/data/x')))).toEqual([]);
    expect(unused(pattern, of(exec, open('/other/x')))).toEqual(['file read /data/{any}']);
  });

  it('says nothing of what is left to the site to bind', () => {
    const granted = of(exec).behaviour;
    const [p] = granted.programs as [Program];
    const network = [{ do: 'connect', transport: 'tcp', peer: '{site:database}', port: 5432 }] as const;
    expect(unused({ programs: [{ ...p, network }] }, of(exec))).toEqual([]);
  });
});
