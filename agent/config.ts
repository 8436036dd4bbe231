import { type ConfigOf, describeKeys, type ReadConfig, readConfig } from '../config/document.ts';
import { flag, integer, oneOf, text } from '../config/keys.ts';
import { pids } from './config-keys.ts';
import { liveSources, transports } from './config-words.ts';

const keys = {
  dataDir: text('/var/lib/whorl', 'Where everything is kept; the agent uses `agent/` below it.'),
  node: text('', 'Name of this node. Empty: the host name.', 253),
  cluster: text('default', 'Name of the cluster this node belongs to.', 253),
  source: oneOf(
    [...liveSources, 'replay'],
    'sensor',
    'Where events come from: the embedded eBPF sensor, a daemon that the node runs already, or a recording. One for each node.',
  ),
  sourceAddress: text(
    '',
    'Where that daemon is reached, or reaches us; [sources.md](sources.md) says which forms each takes. Empty: where it is by default.',
  ),
  sourceMetrics: text(
    '',
    'Its Prometheus metrics, `http://host:port/metrics`, for what it loses without saying so. Empty: where they are by default; `off`: not read.',
  ),
  sourceCa: text('', 'File with the certificate the source is checked against. Empty: no TLS.'),
  sourceCertificate: text('', 'File with the certificate shown to a source that asks for one.'),
  sourceKey: text('', 'File with the key of that certificate.'),
  sourceName: text('', 'Name in the certificate of the source, when it is not its address.', 253),
  sourceMask: oneOf(
    ['auto', 'off'],
    'auto',
    'Whether Tracee is asked for the fields that are read and no others. `auto`: up to v0.24.1; later it would take the others from all its clients.',
  ),
  transport: oneOf(
    transports,
    'http2',
    'How a gRPC source is read; `grpc-js` is slower and shares no code with the other.',
  ),
  sensor: text('', 'Program of the sensor, already built. Empty: it is built when the agent starts.'),
  recording: text('', "File of the sensor's records, for source `replay`."),
  trustPolicy: text('', 'File of the trust policy. Empty: `agent/trust.json` in the data directory.'),
  containerdSocket: text(
    '/run/containerd/containerd.sock',
    "containerd's own socket. Empty: containerd is not asked.",
  ),
  criSocket: text(
    '',
    "Socket of a container runtime's CRI, such as CRI-O's `/var/run/crio/crio.sock`. Empty: the usual ones are tried.",
  ),
  kubernetes: oneOf(
    ['auto', 'off'],
    'auto',
    'Whether the Kubernetes API is asked about the pods of this node. `auto`: where there is a service account or `kubernetesApi` is given.',
  ),
  kubernetesApi: text('', 'Address of the Kubernetes API. Empty: as in a pod.'),
  kubernetesToken: text(
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
    'File with the token shown to the Kubernetes API; read again when it changes.',
  ),
  kubernetesCa: text(
    '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    'File with the certificate the Kubernetes API is checked against.',
  ),
  dockerSocket: text('/var/run/docker.sock', "Docker's own socket. Empty: Docker is not asked."),
  collector: text(
    '',
    'Address of the collector, `host:port` or `unix:/path`. Empty: none; reports wait in the spool.',
  ),
  collectorCa: text(
    '',
    "File with the certificate the collector's is checked against. Empty: as the join token says, and as the collector tells from then on.",
  ),
  joinTokenFile: text('', 'File with the join token that lets this node in, when it has no certificate yet.'),
  collectorToken: text(
    '/var/run/secrets/whorl/token',
    'File with the service-account token that lets this node in, where Kubernetes projects one for the collector.',
  ),
  insecureLoopback: flag(
    false,
    'Speak to the collector without TLS, so that neither proves who it is. Only on a loopback address or a unix socket.',
  ),
  spoolMaxMib: integer(512, 1, 65_536, 'Disk the spool may use. What does not fit is counted as lost.'),
  evidenceMaxMib: integer(
    256,
    1,
    65_536,
    'Disk that evidence of stops may use. The first trace stays; what no longer fits is left out.',
  ),
  maxProcesses: integer(
    32_768,
    1_024,
    4_194_304,
    'Processes remembered at once: some 600 bytes for each that lives, 40 for one that died in the last half minute.',
  ),
  identifySeconds: integer(5, 1, 60, 'How long behaviours wait for their container to be known.'),
  holdMinutes: integer(10, 1, 1_440, 'How long a hold or freeze lasts before it ends by itself.'),
  sweepSeconds: integer(
    30,
    0,
    3_600,
    'How often the present state (programs, code, sockets, namespaces, roots) is looked at. 0: never.',
  ),
  canarySeconds: integer(
    300,
    0,
    86_400,
    'How often the agent does something on purpose that must be seen, to find out when nothing is. 0: never.',
  ),
  heartbeatSeconds: integer(5, 1, 300, 'How often counters go to the collector.'),
  supportSeconds: integer(3_600, 1, 86_400, 'How often each copy tells which behaviours it has shown.'),
  ownPids: pids('Processes that are Whorl itself together with what they start, such as the collector.'),
  ownParentPid: integer(
    0,
    0,
    4_194_304,
    'A process that is Whorl, but what it starts is not, such as `whorl up`. 0: none.',
  ),
  eventsJson: flag(false, 'Print each change of state as a JSON line on stdout.'),
  logLevel: oneOf(['error', 'warn', 'info', 'debug'], 'info', 'How much is logged to stderr.'),
};

export type AgentConfig = ConfigOf<typeof keys>;

/** @throws ConfigError with all problems at once */
export function parseAgentConfig(file: unknown, flags: Readonly<Record<string, unknown>> = {}): AgentConfig {
  return readConfig(keys, file, flags, contradictions);
}

export function describeAgentConfig(): string {
  return describeKeys(keys);
}

function contradictions({ config, given }: ReadConfig<typeof keys>): string[] {
  const problems = sourceContradictions(config, given.has('source'));
  if (config.dataDir === '') problems.push('dataDir must name a directory');
  if (config.source === 'replay' && config.recording === '')
    problems.push('recording must name a file when source is replay');
  if (config.kubernetesApi !== '' && !/^https:\/\/[^/?#@\s]+\/?$/.test(config.kubernetesApi))
    problems.push('kubernetesApi must be https://host:port: a token is sent there');
  if (config.insecureLoopback && !/^(unix:\/|127(\.\d{1,3}){3}:|\[::1\]:|localhost:)/.test(config.collector))
    problems.push('insecureLoopback allows no other address than loopback or a unix socket for collector');
  return problems;
}

/** @param namesSource whether it was said which; else everything about another would be passed over without a word */
function sourceContradictions(config: AgentConfig, namesSource: boolean): string[] {
  const { source, sourceAddress, sourceMetrics, sourceCa, sourceCertificate, sourceKey, sourceName } = config;
  const problems: string[] = [];
  if (
    !namesSource &&
    [sourceAddress, sourceMetrics, sourceCa, sourceCertificate, sourceName].some((s) => s !== '')
  )
    problems.push(
      'source must say whose address, metrics or certificate is given: tracee, tetragon or falco',
    );
  if (sourceMetrics !== '' && sourceMetrics !== 'off' && URL.parse(sourceMetrics)?.protocol !== 'http:')
    problems.push('sourceMetrics must be http://host:port/metrics, or off');
  if ((sourceCertificate === '') !== (sourceKey === ''))
    problems.push('sourceCertificate and sourceKey must be given together');
  const isGrpc = source === 'tracee' || source === 'tetragon' || sourceAddress.startsWith('grpc:');
  if (isGrpc && sourceCa === '' && (sourceCertificate !== '' || sourceName !== ''))
    problems.push(
      'sourceCa must be given where sourceCertificate or sourceName is: without it there is no TLS',
    );
  return problems;
}
