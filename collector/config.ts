import { type Mode, modes } from '../fingerprint/verdict.ts';
import { maxSinks } from './core/notify-sinks.ts';

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
  insecureLoopback: flag(false, 'Listen without TLS. Only on a loopback address or a unix socket.'),
  names: texts([], 'Further names and addresses that the certificate made at first start is for.'),
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
  holdsPerWorkload: number(10, 0, 1000, 'Holds of one workload in that time; then they become alerts.'),
  holdsPerCluster: number(50, 0, 10_000, 'Holds in one cluster in that time; then they become alerts.'),
  trustPolicy: text(
    '',
    'File of the trust policy that fingerprints are checked against before they are handed out. Empty: their form alone; the agents verify.',
  ),
  readinessSeconds: number(60, 1, 3600, 'How often it is looked at whether learning is complete.'),
  thresholds: oneOf(
    ['default', 'demo'],
    'default',
    'What complete means: days, or minutes for a demonstration.',
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

function contradictions({ dataDir, listen, insecureLoopback }: CollectorConfig): string[] {
  const problems: string[] = [];
  if (dataDir === '') problems.push('dataDir must name a directory');
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):(\d{1,5})$/.exec(listen)?.[1];
  const isSocket = /^unix:\/./.test(listen);
  if (!isSocket && (port === undefined || Number(port) > 65_535))
    problems.push('listen must be host:port (IPv6 in brackets) or unix:/path');
  else if (insecureLoopback && !isSocket && !/^(127(\.\d{1,3}){3}|\[::1\]|localhost):/.test(listen))
    problems.push('insecureLoopback allows no other address than loopback or a unix socket for listen');
  return problems;
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
