import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { traceeCoverage } from '../../agent/core/normalise/tracee/tracee.ts';
import { traceeRows } from '../../agent/core/normalise/tracee/tracee-fields.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';

const folder = new URL('../../deploy/sources/tracee/', import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

interface Policy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly scope: readonly string[]; readonly rules: readonly { readonly event: string }[] };
}
interface Config {
  readonly server: { readonly 'grpc-address': string };
  readonly 'perf-buffer-size': number;
  readonly output: { readonly options: Readonly<Record<string, unknown>> };
}

const policy = parse(text('policy.yaml')) as Policy;
const asked = policy.spec.rules.map((rule) => rule.event);

describe('the policy that is handed out', () => {
  it('asks for each event of the table that is not told by another, and for nothing else', () => {
    const wanted = traceeRows.filter((row) => row.unasked === undefined).map((row) => row.name);
    expect([...asked].sort()).toEqual([...wanted].sort());
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('gives every kind that the coverage names', () => {
    const kinds: ReadonlySet<string> = new Set(
      traceeRows.filter((row) => asked.includes(row.name)).map((row) => row.gives),
    );
    const covered = behaviourKinds.filter((kind) => kind !== 'privilege' && traceeCoverage.includes(kind));
    expect(covered.filter((kind) => !kinds.has(kind))).toEqual([]);
    expect(kinds.has('privilege')).toBe(true);
  });

  it('looks at containers alone, and filters nothing away', () => {
    expect(policy).toMatchObject({ apiVersion: 'tracee.aquasec.com/v1beta1', kind: 'Policy' });
    expect(policy.spec.scope).toEqual(['container']);
    expect(policy.spec.rules.every((rule) => Object.keys(rule).length === 1)).toBe(true);
  });

  it('says why what is left out is', () => {
    for (const { name, unasked } of traceeRows)
      if (unasked !== undefined) expect(unasked, name).toMatch(/\w/);
  });
});

describe('the configuration that is handed out', () => {
  const config = parse(text('config.yaml')) as Config;
  const ofChart = parse((parse(text('values.yaml')) as { configFile: string }).configFile) as Config;

  it.each([
    ['config.yaml', config],
    ["the chart's values", ofChart],
  ])('%s: a socket for root, arguments as numbers, hashes of programs', (_, told) => {
    expect(told.server['grpc-address']).toBe('unix:/tmp/tracee/tracee.sock');
    expect(told['perf-buffer-size']).toBe(4096);
    expect(told.output.options).toEqual({
      'parse-arguments': false,
      'exec-hash': 'dev-inode',
      'exec-env': false,
      'sort-events': false,
      'stack-addresses': false,
    });
  });
});
