import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { falcoCalls } from '../../agent/core/normalise/falco/calls.ts';
import { type FalcoField, falcoFields } from '../../agent/core/normalise/falco/fields.ts';
import { decoded, falcoRecordings } from '../fakes/falco-recordings.ts';

const folder = new URL('../../deploy/sources/falco/', import.meta.url);
const yaml = (file: string): unknown => parse(readFileSync(new URL(file, folder), 'utf8'));

interface Rule {
  readonly rule: string;
  readonly condition: string;
  readonly output: string;
  readonly priority: string;
  readonly tags: readonly string[];
}
interface Appended {
  readonly match: { readonly rule?: string; readonly tags?: readonly string[] };
  readonly extra_fields: readonly string[];
}

const rulesOf = (file: string): readonly Rule[] =>
  (yaml(`rules/${file}`) as readonly Partial<Rule>[]).filter((item): item is Rule => 'rule' in item);
const appendedBy = (file: string): readonly Appended[] =>
  (yaml(`config/${file}`) as { append_output: readonly Appended[] }).append_output;
const files = readdirSync(new URL('rules', folder));

/** Every call that a condition names. */
const callsIn = (condition: string): readonly string[] =>
  [...condition.matchAll(/evt\.type(?:=([a-z0-9_]+)| in \(([^)]*)\))/g)].flatMap(([, one, list]) =>
    one === undefined ? (list ?? '').split(/, */) : [one],
  );

describe('the rules for Falco', () => {
  it.each(files)('%s match every system call that is read, once, and no other', (file) => {
    const matched = rulesOf(file).flatMap(({ condition }) => callsIn(condition));
    expect(matched.toSorted()).toEqual(Object.keys(falcoCalls).toSorted());
  });

  it.each(files)('%s differ by what comes before and after a call alone', (file) => {
    const isOld = file.includes('0.41');
    for (const { condition, rule, priority, tags } of rulesOf(file)) {
      // An end is told only before.
      expect([rule, condition.includes('evt.dir=<')]).toEqual([rule, isOld && rule !== 'whorl_exit']);
      expect([priority, tags, condition.endsWith(' and whorl_scope')]).toEqual(['DEBUG', ['whorl'], true]);
    }
    const plain = (of: string) =>
      rulesOf(of).map(({ condition, ...rest }) => ({
        ...rest,
        condition: condition.replace(' and evt.dir=<', ''),
      }));
    expect(plain(file)).toEqual(plain(files[0] ?? ''));
  });

  it('belong to rules that exist, or to all of them', () => {
    const names = rulesOf('whorl.yaml').map(({ rule }) => rule);
    for (const config of ['whorl.yaml', 'arguments-since-0.41.yaml', 'recording.yaml'])
      for (const { match } of appendedBy(config))
        expect(match.rule === undefined ? match.tags : names).toContain(match.rule ?? 'whorl');
  });
});

/** Fields of the one table that no rule prints, and who tells them instead. */
const notPrinted: Readonly<Partial<Record<FalcoField, string>>> = {
  direction: 'the conditions take one side',
  containerFullId: 'twelve digits find the control group as well',
  cgroup: 'instead of container.id, where there is no plugin',
  cgroups: 'the same, of versions that do not tell one by one',
  droppedEvents: 'Falco by itself',
  kernelDrops: 'Falco by itself',
  queueDrops: 'Falco by itself',
};

describe('what alerts say', () => {
  const printed = (config: string) => appendedBy(config).flatMap(({ extra_fields: fields }) => fields);
  const inText = rulesOf('whorl.yaml').flatMap(({ output }) =>
    [...output.matchAll(/%([a-z0-9_.]+)/g)].map(([, name]) => name ?? ''),
  );

  it('is every field that is read, and nothing else', () => {
    const all = new Set([...printed('whorl.yaml'), ...printed('recording.yaml'), ...inText]);
    const read = Object.entries(falcoFields)
      .filter(([field]) => !Object.hasOwn(notPrinted, field))
      .map(([, { name }]) => name);
    expect([...all].toSorted()).toEqual(read.toSorted());
  });

  it('is enough on a node for each call: what its reader takes in is printed by the rule that matches it', () => {
    const common = appendedBy('whorl.yaml').filter(({ match }) => match.rule === undefined);
    for (const { rule, condition } of rulesOf('whorl.yaml')) {
      const own = appendedBy('whorl.yaml').filter(({ match }) => match.rule === rule);
      const told = new Set([...common, ...own].flatMap(({ extra_fields: fields }) => fields).concat(inText));
      for (const [, field] of Object.entries(falcoFields))
        if ('needed' in field)
          expect([rule, [...told]]).toEqual([rule, expect.arrayContaining([field.name])]);
      for (const call of callsIn(condition))
        for (const field of falcoCalls[call]?.glance?.fields ?? [])
          expect([call, [...told]]).toEqual([call, expect.arrayContaining([falcoFields[field].name])]);
    }
  });

  it('has names that Falco knows', { timeout: 60_000 }, () => {
    const known = new Set(
      falcoRecordings.flatMap((name) => decoded(name).flatMap((a) => Object.keys(a.output_fields))),
    );
    // Never printed by the rules of the recordings; from Falco's list of supported fields.
    for (const name of ['evt.arg.addr', 'evt.arg.ret', 'evt.arg.sig', 'proc.args']) known.add(name);
    const names = ['whorl.yaml', 'arguments-since-0.41.yaml', 'recording.yaml'].flatMap(printed);
    expect(
      names.map((name) => name.replace(/^(proc\.args)\[\d+\]$/, '$1')).filter((name) => !known.has(name)),
    ).toEqual([]);
  });

  it('numbers arguments without a hole', () => {
    expect(printed('arguments-since-0.41.yaml')).toEqual(
      Array.from({ length: 24 }, (_, i) => `proc.args[${i}]`),
    );
  });
});

describe('the configuration for Falco', () => {
  it('is YAML, each output in a file of its own', () => {
    const outputs = readdirSync(new URL('config', folder)).filter((file) => file.startsWith('output-'));
    expect(outputs).toEqual([
      'output-file.yaml',
      'output-grpc-up-to-0.43.yaml',
      'output-http.yaml',
      'output-unix.yaml',
    ]);
    for (const file of outputs)
      expect(Object.values(yaml(`config/${file}`) as object).at(0)).toMatchObject({ enabled: true });
  });

  it('lets nothing be lost unseen', () => {
    expect(yaml('config/whorl.yaml')).toMatchObject({
      priority: 'debug',
      rule_matching: 'all',
      json_output: true,
      syscall_event_drops: { threshold: 0, rate: 1, actions: ['log', 'alert'] },
      metrics: {
        enabled: true,
        output_rule: true,
        rules_counters_enabled: true,
        kernel_event_counters_enabled: true,
      },
      webserver: { prometheus_metrics_enabled: true, listen_address: '127.0.0.1', listen_port: 8765 },
      outputs_queue: { capacity: 50_000 },
    });
  });
});
