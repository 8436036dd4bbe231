import { type AgentLine, parseAgentLine } from './agent-line.ts';
import { type CollectorLine, parseCollectorLine } from './collector-line.ts';
import { type DaemonProcess, startDaemon } from './daemon.ts';
import { agentSocket, collectorSocket } from './data-dir.ts';
import { CliError } from './exit.ts';
import { provideLocalTrust } from './local-trust.ts';

export interface StackOptions {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Configuration beyond what joins the two (agent/config.ts, collector/config.ts). */
  readonly agent: Readonly<Record<string, unknown>>;
  readonly collector: Readonly<Record<string, unknown>>;
  readonly onAgentLine: (line: AgentLine) => void;
  readonly onCollectorLine: (line: CollectorLine) => void;
}

/** On one machine its user asks over the unix socket; nothing more is opened. */
const local = { httpListen: '', metricsListen: '' };

type CollectorReady = Extract<CollectorLine, { type: 'collector-ready' }>;

/** A collector and an agent of our own, a process each, joined by TLS on loopback. */
export interface LocalStack {
  readonly ready: CollectorReady;
  readonly collector: DaemonProcess;
  readonly agent: DaemonProcess;
  /** Agent first, so that the collector still hears its last words. */
  stop(): Promise<void>;
}

/** Starts the collector, waits for its address and keys, starts the agent with them. */
export async function startStack(options: StackOptions): Promise<LocalStack> {
  const told = Promise.withResolvers<CollectorReady>();
  const collector = await startDaemon({
    name: 'collector',
    args: settings({
      ...local,
      dataDir: options.dataDir,
      eventsJson: true,
      localJoin: true,
      ...options.collector,
    }),
    socketPath: collectorSocket(options.dataDir),
    env: options.env,
    onLine: (text) => {
      const line = parseCollectorLine(text);
      if (line === undefined) return;
      if (line.type === 'collector-ready') told.resolve(line);
      options.onCollectorLine(line);
    },
  });
  try {
    const ready = await Promise.race([told.promise, collector.gone.then(refuse)]);
    if (options.agent.trustPolicy === undefined)
      await provideLocalTrust(options.dataDir, ready.learnerKeyFile);
    const agent = await startAgent(options, ready, collector.pid);
    const stop = async (): Promise<void> => {
      await agent.stop();
      await collector.stop();
    };
    return { ready, collector, agent, stop };
  } catch (error) {
    await collector.stop();
    throw error;
  }
}

/** Another collector answered on its socket, and it ended: the sentence and code are its own. */
function refuse({ words, code }: Awaited<DaemonProcess['gone']>): never {
  throw new CliError(code, `the collector did not start: ${words}`);
}

function startAgent(
  options: StackOptions,
  ready: CollectorReady,
  collectorPid: number,
): Promise<DaemonProcess> {
  return startDaemon({
    name: 'agent',
    args: settings({
      dataDir: options.dataDir,
      collector: ready.address,
      ...(ready.caFile === undefined ? {} : { collectorCa: ready.caFile }),
      ...(ready.joinTokenFile === undefined ? {} : { joinTokenFile: ready.joinTokenFile }),
      ownPids: [collectorPid],
      ownParentPid: process.pid,
      eventsJson: true,
      ...options.agent,
    }),
    socketPath: agentSocket(options.dataDir),
    env: options.env,
    onLine: (text) => {
      const line = parseAgentLine(text);
      if (line !== undefined) options.onAgentLine(line);
    },
  });
}

function settings(config: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(config).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
}
