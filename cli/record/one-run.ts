import { join } from 'node:path';
import { containerdRuntime } from '../../agent/adapters/runtime-containerd.ts';
import { dockerRuntime } from '../../agent/adapters/runtime-docker.ts';
import type { Event } from '../../fingerprint/event.ts';
import { quoted } from '../../fingerprint/phrase.ts';
import { cgroupMount } from '../cgroup-mount.ts';
import { makeCgroup, pidsOf, removeCgroup } from '../demo/cgroup.ts';
import { CliError, exitCodes } from '../exit.ts';
import { counted } from '../known-file.ts';
import { type Census, commandRuntime, meantRuntime, newCensus } from './meant-runtime.ts';
import { OwnTool } from './own-tool.ts';
import { type CommandEnd, runCommand } from './run-command.ts';
import { RunCollector, type RunSeen } from './run-seen.ts';
import { StepLog } from './step-log.ts';
import { recordEnv, withinEnv } from './step-wire.ts';
import type { Target } from './target.ts';
import { Watching } from './watching.ts';

export interface RunOptions {
  readonly targets: readonly Target[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Built. */
  readonly sensor: string;
  readonly sockets: { readonly containerd: string; readonly docker: string };
  /** Of the steps. */
  readonly stepSocket: string;
  /** Letters, so that it is told apart from other recordings. */
  readonly token: string;
  /** The command's stdout goes to stderr: ours is data. */
  readonly quietStdout: boolean;
  readonly now: () => number;
  /** µs since boot. */
  readonly sinceBoot: () => number;
  /** The steps of this run are named from now on; undefined: it is over. */
  readonly onSteps: (steps: StepLog | undefined) => void;
  readonly say: (sentence: string) => void;
}

export interface RunEnd {
  readonly command: CommandEnd;
  /** Undefined when the command failed or was interrupted. */
  readonly seen: RunSeen | undefined;
}

/** Runs the command once under the sensor. Leaves nothing behind, however it ends. @throws CliError */
export async function oneRun(options: RunOptions): Promise<RunEnd> {
  const [only] = options.targets;
  if (only?.image === undefined && only !== undefined) return await inOwnCgroup(options, only);
  const containerd = containerdRuntime({ socket: options.sockets.containerd });
  const docker = dockerRuntime({ socket: options.sockets.docker });
  const census = newCensus();
  const runtime = meantRuntime([docker, containerd], options.targets, options.sinceBoot(), census);
  try {
    // What is wrong with it is told when a container is asked about; there may be none.
    await containerd.ready().catch(() => undefined);
    return await watched(options, { census, runtime, command: options.command, filter: (events) => events });
  } finally {
    containerd.close();
  }
}

/** The command itself: a shell moves itself into a cgroup of its own and becomes it, so that nothing of it runs elsewhere. */
async function inOwnCgroup(options: RunOptions, target: Target): Promise<RunEnd> {
  const mount = cgroupMount();
  if (mount === undefined)
    throw new CliError(exitCodes.incomplete, 'cgroup v2 is not mounted', 'whorl doctor says how to mount it');
  const cgroup = `/whorl-record-${options.token}`;
  const directory = join(mount, cgroup);
  await makeCgroup(directory);
  try {
    const census = newCensus();
    const runtime = commandRuntime(cgroup, target, options.command, census);
    const script = 'echo $$ > "$0"/cgroup.procs && exec "$@"';
    const command = ['/bin/sh', '-c', script, directory, ...options.command];
    const tool = new OwnTool(options.env.PATH);
    const filter: Under['filter'] = (events) => tool.without(events);
    const end = await watched(options, { census, runtime, command, filter });
    const left = await pidsOf(directory);
    if (left.length > 0)
      options.say(
        `${counted(left.length, 'process', 'processes')} that the command left running ended with it`,
      );
    return end;
  } finally {
    await removeCgroup(directory);
  }
}

interface Under {
  readonly census: Census;
  readonly runtime: Parameters<typeof Watching.start>[0]['runtimes'][number];
  readonly command: readonly string[];
  readonly filter: (events: readonly Event[]) => readonly Event[];
}

async function watched(options: RunOptions, { census, runtime, command, filter }: Under): Promise<RunEnd> {
  const { now, targets, env } = options;
  const collector = new RunCollector(census, targets);
  const troubles = new Set<string>();
  const watching = await Watching.start({
    binary: options.sensor,
    runtimes: [runtime],
    since: options.sinceBoot(),
    now,
    filter,
    onReport: (report) => collector.report(report),
    onGap: (gap, cgroup) => collector.gap(gap, cgroup),
    onTrouble: (sentence) => troubles.add(sentence),
  });
  const steps = new StepLog();
  const since = now();
  options.onSteps(steps);
  let end: CommandEnd;
  try {
    end = await runCommand(command, {
      stdio: ['inherit', options.quietStdout ? 2 : 'inherit', 'inherit'],
      // A step of another recording is none of this one.
      env: { ...env, [recordEnv]: options.stepSocket, [withinEnv]: undefined },
    });
  } catch (error) {
    await watching.stop();
    throw error;
  } finally {
    options.onSteps(undefined);
  }
  if (end.interrupted || end.code !== 0) {
    await watching.stop();
    return { command: end, seen: undefined };
  }
  const until = now();
  await watching.finish();
  const { lost, reasons } = collector.lostSince(since);
  const others = otherLoss(watching, census, troubles);
  const gaps =
    lost === 0 ? [] : [`${counted(lost, 'event')} lost (${reasons.map((r) => quoted(r)).join(', ')})`];
  return {
    command: end,
    seen: {
      targets: collector.targets,
      census,
      steps,
      coverage: watching.coverage(),
      since,
      until,
      lost: lost + others.length,
      incomplete: [...gaps, ...others],
    },
  };
}

/** What is unknown without an event having been lost. */
function otherLoss(watching: Watching, census: Census, troubles: ReadonlySet<string>): readonly string[] {
  const { unnamed } = census;
  const counts = Object.entries(watching.counters.snapshot());
  const tables = counts.filter(([name, n]) => name.startsWith('lost.') && name !== 'lost.source' && n > 0);
  return [
    ...(unnamed.size === 0
      ? []
      : [
          `${counted(unnamed.size, 'container')} ended before anybody could say what it was: ${[...unnamed]
            .slice(0, 3)
            .map((path) => quoted(path))
            .join(', ')}`,
        ]),
    ...tables.map(([name, n]) => `${n} not kept: ${name.slice('lost.'.length).replaceAll('-', ' ')}`),
    ...troubles,
  ];
}
