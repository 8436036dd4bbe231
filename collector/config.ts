import { type Mode, modes } from '../fingerprint/verdict.ts';
import { isPlainName, isTrustDomain } from './core/agent-identity.ts';
import { maxSinks } from './core/notify-sinks.ts';
import { parseSink, type SinkSetting } from './core/sink-setting.ts';

/** What is wrong with a configuration: every problem, each a sentence naming the key and what it may be. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

interface Key<T> {
  readonly initial: T;
  readonly doc: string;
  /** What it may be, for the sentence and the page. */
  readonly range: string;
  /** @returns undefined when the value is not one of those. */
  read(value: unknown): T | undefined;
}

function text(initial: string, doc: string): Key<string> {
  const read = (value: unknown) => (isText(value) ? value : undefined);
  return { initial, doc, range: 'text of at most 4096 characters', read };
}

function number(initial: number, min: number, max: number, doc: string, whole = true): Key<number> {
  return {
    initial,
    doc,
    range: `a ${whole ? 'whole ' : ''}number from ${min} to ${max}`,
    read: (value) => {
      const n = isText(value) && /^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
      if (typeof n !== 'number' || !(n >= min && n <= max)) return undefined;
      return whole && !Number.isInteger(n) ? undefined : n;
    },
  };
}

function flag(initial: boolean, doc: string): Key<boolean> {
  const read = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
  return { initial, doc, range: 'true or false', read };
}

function oneOf<T extends string>(choices: readonly T[], initial: T, doc: string): Key<T> {
  const read = (value: unknown) => choices.find((c) => c === value);
  return { initial, doc, range: `one of ${choices.join(', ')}`, read };
}

function texts(initial: readonly string[], doc: string): Key<readonly string[]> {
  return {
    initial,
    doc,
    range: 'a list of at most 64 names',
    read: (value) => {
      if (!Array.isArray(value) || value.length > 64) return undefined;
      const read = value.filter((v) => isText(v) && v !== '' && v.length <= 253);
      return read.length === value.length ? read : undefined;
    },
  };
}

function sinks(doc: string): Key<readonly SinkSetting[]> {
  return {
    initial: [],
    doc,
    range: 'a list of at most 8 different sinks, each `file:/path` or `command:/path arg …`',
    read: (value) => {
      if (!Array.isArray(value) || value.length > 8 || new Set(value).size < value.length) return undefined;
      const read = value.map((v) => (isText(v) ? parseSink(v) : undefined)).filter((v) => v !== undefined);
      return read.length === value.length ? read : undefined;
    },
  };
}

/** What is in it is read by whoever knows what it may be. */
function list(initial: readonly unknown[], max: number, doc: string): Key<readonly unknown[]> {
  const read = (value: unknown) => (Array.isArray(value) && value.length <= max ? value : undefined);
  return { initial, doc, range: `a list of at most ${max} sinks`, read };
}

const keys = {
  dataDir: text('/var/lib/whorl', 'Where everything is kept; the collector uses `collector/` below it.'),
  listen: text(
    '127.0.0.1:7443',
    'Where agents connect: `host:port` (port 0: any that is free) or `unix:/path`.',
  ),
  httpListen: text(
    '127.0.0.1:8443',
    'Where the HTTP API listens with TLS: `host:port` (port 0: any that is free). Empty: on its unix socket alone.',
  ),
  metricsListen: text(
    '127.0.0.1:9464',
    'Where `/metrics`, `/healthz` and `/readyz` are answered, unencrypted: `host:port`. Empty: nowhere.',
  ),
  insecureLoopback: flag(false, 'Listen without TLS. Only on a loopback address or a unix socket.'),
  names: texts([], 'Further names and addresses that the certificate made at first start is for.'),
  trustDomain: text(
    'whorl',
    'Name under which agents are certified (`spiffe://NAME/agent/CLUSTER/ID`). With another one every agent has to enrol again.',
  ),
  agentCertificateHours: number(
    24,
    1,
    168,
    "How long an agent's certificate lasts; it is renewed at half of that.",
  ),
  agentGraceDays: number(
    30,
    0,
    365,
    'For so long after its end a certificate still gets its agent a new one: what an outage may last.',
  ),
  localJoin: flag(
    false,
    'Write a join token for the agent of this machine into `collector/join-token` at each start.',
  ),
  kubernetesCluster: text(
    '',
    'Name of the cluster this collector runs in, whose agents enrol with their service accounts. Empty: none.',
  ),
  kubernetesApi: text('https://kubernetes.default.svc', 'Address of the Kubernetes API there.'),
  kubernetesToken: text(
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
    'File with the token shown to it; its account must be allowed to create tokenreviews.',
  ),
  kubernetesCa: text(
    '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    'File with the certificate it is checked against.',
  ),
  enrolAudience: text('whorl-collector', 'Audience that service-account tokens of agents must be for.'),
  enrolAccounts: texts(
    ['whorl-system/whorl-agent'],
    'Service accounts whose pods may enrol there, each `namespace/name`.',
  ),
  mode: oneOf<Mode>(modes, 'alert', 'How far a reaction goes at most, until `policy` says otherwise.'),
  killScope: oneOf(
    ['subtree', 'container'],
    'subtree',
    'What `kill` ends: the drifting processes, or the whole container.',
  ),
  stopInteractive: flag(
    false,
    'Whether what a person started by exec, attach or in a debug container may be stopped.',
  ),
  protectedNamespaces: texts(['kube-system', 'whorl-system'], 'Namespaces where nothing is ever stopped.'),
  orderMaxAgeMinutes: number(
    10,
    1,
    1440,
    'An incident that was last active longer ago is told, not acted on.',
  ),
  brakeWindowMinutes: number(10, 1, 1440, 'The time over which stops and holds are counted.'),
  stopsPerWorkload: number(3, 0, 1000, 'Stops of one workload in that time; then they become holds.'),
  stopsPerCluster: number(10, 0, 10_000, 'Stops in one cluster in that time; then they become holds.'),
  nodeShare: number(
    0.1,
    0,
    1,
    "Share of a node's running copies that may be stopped in that time; at least one.",
    false,
  ),
  ownerShare: number(
    0.25,
    0,
    1,
    "Share of an owner's copies in its cluster that may be stopped in that time; at least one.",
    false,
  ),
  rolloutMinutes: number(
    30,
    0,
    1440,
    'How long after the first sight of an image the same drift on several nodes is held and a person asked.',
  ),
  settlingMinutes: number(
    30,
    0,
    1440,
    'How long after a change of its agent, source or kernel a node is alerted on at most.',
  ),
  holdsPerWorkload: number(10, 0, 1000, 'Holds of one workload in that time; then they become alerts.'),
  holdsPerCluster: number(50, 0, 10_000, 'Holds in one cluster in that time; then they become alerts.'),
  trustPolicy: text(
    '',
    'File of the trust policy that fingerprints are checked against before they are handed out. Empty: their form alone; the agents verify.',
  ),
  silentAfterSeconds: number(
    60,
    30,
    86_400,
    'A node of which nothing was heard for so long is an incident of its own.',
  ),
  floodPerSecond: number(
    200,
    1,
    100_000,
    'Incident records of one agent in a second, for as long as it likes; beyond them and a burst of 25 times as many they are folded.',
  ),
  readinessSeconds: number(60, 1, 3600, 'How often it is looked at whether learning is complete.'),
  thresholds: oneOf(
    ['default', 'demo'],
    'default',
    'What complete means: days, or minutes for a demonstration.',
  ),
  keepDays: number(90, 1, 3650, 'How long drift is kept after it was last seen. The audit log stays.'),
  auditSinks: sinks(
    'Where signed checkpoints of the audit log go, out of reach of whoever can write the database: a file they are appended to, a command that gets each on stdin.',
  ),
  notify: list(
    [],
    maxSinks,
    'Who is told of what changes, and how: the section "Being told". Settings of a sink are checked when the collector starts.',
  ),
  eventsJson: flag(false, 'Print each change of state as a JSON line on stdout.'),
  logLevel: oneOf(['error', 'warn', 'info', 'debug'], 'info', 'How much is logged to stderr.'),
};

type Value<K> = K extends Key<infer T> ? T : never;
export type CollectorConfig = { readonly [K in keyof typeof keys]: Value<(typeof keys)[K]> };

/**
 * One configuration from a parsed file and flags; flags win. Flags are spelled as the keys (`dataDir`).
 *
 * @throws ConfigError with all problems at once
 */
export function parseCollectorConfig(
  file: unknown,
  flags: Readonly<Record<string, unknown>> = {},
): CollectorConfig {
  if (!isObject(file)) throw new ConfigError(['the configuration must be a JSON object of keys and values']);
  const given: Record<string, unknown> = { ...file };
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) given[name] = value;
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(keys, name))
    .map(unknownKey);
  const entries = Object.entries<Key<unknown>>(keys).map(([name, key]) => {
    if (!Object.hasOwn(given, name)) return [name, key.initial];
    const value = key.read(given[name]);
    if (value === undefined) problems.push(`${name} must be ${key.range}`);
    return [name, value];
  });
  // Each value was read by the key of its own name, or is in `problems`.
  const config = Object.fromEntries(entries) as CollectorConfig;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The page of the configuration for docs/operations.md, in Markdown. */
export function describeCollectorConfig(): string {
  const rows = Object.entries<Key<unknown>>(keys).map(
    ([name, key]) => `| \`${name}\` | \`${JSON.stringify(key.initial)}\` | ${key.range} | ${key.doc} |`,
  );
  return ['| Key | Default | May be | Meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function contradictions(config: CollectorConfig): string[] {
  const { dataDir, listen, insecureLoopback } = config;
  const problems: string[] = [];
  if (!isTrustDomain(config.trustDomain))
    problems.push('trustDomain must be a name of small letters, digits, dots, dashes and underscores');
  if (config.kubernetesCluster !== '' && !isPlainName(config.kubernetesCluster))
    problems.push('kubernetesCluster must be a name of letters, digits, dots, dashes and underscores');
  if (!/^https:\/\/[^/?#@\s]+\/?$/.test(config.kubernetesApi))
    problems.push('kubernetesApi must be https://host:port: a token is sent there');
  if (dataDir === '') problems.push('dataDir must name a directory');
  const isSocket = /^unix:\/./.test(listen);
  for (const name of ['httpListen', 'metricsListen'] as const)
    if (config[name] !== '' && !isAddress(config[name]))
      problems.push(`${name} must be host:port (IPv6 in brackets), or empty`);
  if (!isSocket && !isAddress(listen))
    problems.push('listen must be host:port (IPv6 in brackets) or unix:/path');
  else if (insecureLoopback && !isSocket && !/^(127(\.\d{1,3}){3}|\[::1\]|localhost):/.test(listen))
    problems.push('insecureLoopback allows no other address than loopback or a unix socket for listen');
  return problems;
}

function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}

/** Cut and quoted: the name comes from a file that may be hostile. */
function unknownKey(name: string): string {
  const known = Object.keys(keys).find((k) => k.toLowerCase() === name.toLowerCase().replaceAll(/[-_]/g, ''));
  const hint = known === undefined ? `known are ${Object.keys(keys).join(', ')}` : `did you mean ${known}?`;
  return `${JSON.stringify(name.slice(0, 64))} is no key of this configuration; ${hint}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 4096 && !value.includes('\0');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
