import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Hook, HookArgument } from '../../agent/core/normalise/tetragon/hook.ts';
import { hooks } from '../../agent/core/normalise/tetragon/hooks.ts';

const folder = new URL('../../deploy/sources/tetragon/policies/', import.meta.url);

interface Probe {
  readonly call?: string;
  readonly hook?: string;
  readonly syscall?: boolean;
  readonly return?: boolean;
  readonly args?: readonly HookArgument[];
  readonly returnArg?: { readonly index: number; readonly type: string };
  readonly selectors?: readonly Readonly<Record<string, readonly { readonly operator?: string }[]>>[];
}

interface Policy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly kprobes?: readonly Probe[]; readonly lsmhooks?: readonly Probe[] } & object;
}

const policies = readdirSync(folder).map((file) => ({
  file,
  policy: parse(readFileSync(new URL(file, folder), 'utf8')) as Policy,
}));

/** In the words of the table. */
function asHook(name: string, probe: Probe): Omit<Hook, 'what' | 'facts'> {
  return {
    policy: name,
    call: probe.call ?? probe.hook ?? '',
    by: probe.hook !== undefined ? 'lsm' : probe.syscall === true ? 'syscall' : 'kprobe',
    args: probe.args ?? [],
    ...(probe.return === true ? { returns: probe.returnArg?.type as NonNullable<Hook['returns']> } : {}),
  };
}

describe('the policies that are handed out', () => {
  it('ask for what the table says, and nothing else', () => {
    const asked = policies.flatMap(({ policy: { metadata, spec } }) =>
      [...(spec.lsmhooks ?? []), ...(spec.kprobes ?? [])].map((probe) => asHook(metadata.name, probe)),
    );
    const known = hooks.map(({ what: _, facts: __, ...hook }) => hook);
    const byName = (a: { policy: string; call: string }, b: { policy: string; call: string }) =>
      `${a.policy} ${a.call}` < `${b.policy} ${b.call}` ? -1 : 1;
    expect(asked.sort(byName)).toEqual([...known].sort(byName));
  });

  it.each(policies)('$file is a TracingPolicy of that name, for pods', ({ file, policy }) => {
    expect(policy).toMatchObject({ apiVersion: 'cilium.io/v1alpha1', kind: 'TracingPolicy' });
    expect(`${policy.metadata.name}.yaml`).toBe(file);
    expect(
      Object.keys(policy.spec).filter((k) => !['podSelector', 'kprobes', 'lsmhooks'].includes(k)),
    ).toEqual([]);
    for (const probe of [...(policy.spec.kprobes ?? []), ...(policy.spec.lsmhooks ?? [])]) {
      // What the schema of the resource allows here: an event has five arguments at most.
      expect((probe.args ?? []).length).toBeLessThanOrEqual(5);
      expect(probe.return === true).toBe(probe.returnArg !== undefined);
      for (const selector of probe.selectors ?? [])
        for (const [match, rows] of Object.entries(selector)) {
          expect(['matchArgs', 'matchReturnArgs', 'matchActions']).toContain(match);
          if (match === 'matchActions') continue;
          for (const { operator } of rows)
            expect(['Equal', 'NotEqual', 'Mask', 'NotPrefix']).toContain(operator);
        }
    }
  });
});
