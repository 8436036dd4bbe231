import fc from 'fast-check';
import { type BehaviourKind, behaviourKinds } from '../../fingerprint/event.ts';
import { type Drift, type Incident, severities } from '../../fingerprint/incident.ts';
import { driftReasons, modes } from '../../fingerprint/verdict.ts';
import { aDrift, anApproval, anIncident } from './reports.ts';

/** Names that rules and workloads share, few enough that rules are about something. */
const names = ['a', 'b'] as const;

const some = <T>(words: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 }), { nil: undefined });
const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });

const withoutUndefined = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  // Members that were left open are left out, as a person does it.
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

export const arbMatch = fc
  .record({
    namespaces: some([...names, '*']),
    owners: some(['Deployment/a', 'Deployment/*', '*/*']),
    kinds: some<BehaviourKind>(['exec', 'open', 'connect']),
    severities: some(severities),
  })
  .map(withoutUndefined);

const rule = fc
  .record({
    match: arbMatch,
    mode: fc.constantFrom(...modes),
    dryRun: maybe(fc.boolean()),
    killScope: maybe(fc.constantFrom('subtree' as const, 'container' as const)),
    stopInteractive: maybe(fc.boolean()),
  })
  .map(({ match, mode, ...more }) => ({ match, mode, ...withoutUndefined(more) }));

/** As a person would write it: to be read by `parseResponsePolicy`. */
export const arbPolicyDocument = fc
  .record({
    mode: fc.constantFrom(...modes),
    dryRun: fc.boolean(),
    stopInteractive: fc.boolean(),
    killScope: fc.constantFrom('subtree' as const, 'container' as const),
    rules: fc.array(rule, { maxLength: 5 }),
  })
  .map(({ rules, ...policy }) => ({
    version: 1,
    ...policy,
    rules: rules.map((r, i) => ({ name: `rule-${i}`, ...r })),
  }));

const arbDrift: fc.Arbitrary<Drift> = fc
  .record({
    kind: fc.constantFrom(...behaviourKinds),
    because: fc.constantFrom(...driftReasons),
    severity: fc.constantFrom(...severities),
    root: fc.constantFrom('entrypoint' as const, 'interactive' as const),
    pid: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ pid, ...drift }) => ({ ...aDrift, ...drift, process: { pid, start: 1 } }));

export const arbIncident: fc.Arbitrary<Incident> = fc
  .record({
    drifts: fc.array(arbDrift, { maxLength: 3 }),
    namespace: fc.constantFrom(...names, 'kube-system'),
    owner: fc.constantFrom('Deployment/a', 'Deployment/b'),
    role: fc.constantFrom('main' as const, 'ephemeral' as const),
    maxMode: maybe(fc.constantFrom(...modes)),
  })
  .map(({ drifts, maxMode, ...workload }) => {
    const { approval: _, ...incident } = anIncident({ drifts });
    const approval = maxMode === undefined ? {} : { approval: { ...anApproval, maxMode } };
    return { ...incident, ...approval, workload: { ...incident.workload, ...workload } };
  });
