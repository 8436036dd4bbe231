import { type ConfigOf, describeKeys, type ReadConfig, readConfig } from '../config/document.ts';
import { flag, integer, number, oneOf, text } from '../config/keys.ts';
import { type Mode, modes } from '../fingerprint/verdict.ts';
import { list, sinks, texts } from './config-keys.ts';
import { isPlainName, isTrustDomain } from './core/agent-identity.ts';
import { maxSinks } from './core/notify-sinks.ts';

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
  agentCertificateHours: integer(
    24,
    1,
    168,
    "How long an agent's certificate lasts; it is renewed at half of that.",
  ),
  agentGraceDays: integer(
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
  orderMaxAgeMinutes: integer(
    10,
    1,
    1440,
    'An incident that was last active longer ago is told, not acted on.',
  ),
  brakeWindowMinutes: integer(10, 1, 1440, 'The time over which stops and holds are counted.'),
  stopsPerWorkload: integer(3, 0, 1000, 'Stops of one workload in that time; then they become holds.'),
  stopsPerCluster: integer(10, 0, 10_000, 'Stops in one cluster in that time; then they become holds.'),
  nodeShare: number(
    0.1,
    0,
    1,
    "Share of a node's running copies that may be stopped in that time; at least one.",
  ),
  ownerShare: number(
    0.25,
    0,
    1,
    "Share of an owner's copies in its cluster that may be stopped in that time; at least one.",
  ),
  rolloutMinutes: integer(
    30,
    0,
    1440,
    'How long after the first sight of an image the same drift on several nodes is held and a person asked.',
  ),
  settlingMinutes: integer(
    30,
    0,
    1440,
    'How long after a change of its agent, source or kernel a node is alerted on at most.',
  ),
  holdsPerWorkload: integer(10, 0, 1000, 'Holds of one workload in that time; then they become alerts.'),
  holdsPerCluster: integer(50, 0, 10_000, 'Holds in one cluster in that time; then they become alerts.'),
  trustPolicy: text(
    '',
    'File of the trust policy that fingerprints are checked against before they are handed out. Empty: their form alone; the agents verify.',
  ),
  silentAfterSeconds: integer(
    60,
    30,
    86_400,
    'A node of which nothing was heard for so long is an incident of its own.',
  ),
  floodPerSecond: integer(
    200,
    1,
    100_000,
    'Incident records of one agent in a second, for as long as it likes; beyond them and a burst of 25 times as many they are folded.',
  ),
  readinessSeconds: integer(60, 1, 3600, 'How often it is looked at whether learning is complete.'),
  thresholds: oneOf(
    ['default', 'demo'],
    'default',
    'What complete means: days, or minutes for a demonstration.',
  ),
  keepDays: integer(90, 1, 3650, 'How long drift is kept after it was last seen. The audit log stays.'),
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

export type CollectorConfig = ConfigOf<typeof keys>;

/** @throws ConfigError with all problems at once */
export function parseCollectorConfig(
  file: unknown,
  flags: Readonly<Record<string, unknown>> = {},
): CollectorConfig {
  return readConfig(keys, file, flags, contradictions);
}

export function describeCollectorConfig(): string {
  return describeKeys(keys);
}

function contradictions({ config }: ReadConfig<typeof keys>): string[] {
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
