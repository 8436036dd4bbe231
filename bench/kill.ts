import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildKill } from './kill/build.ts';
import { BenchCgroups } from './kill/cgroups.ts';
import { runTrials, type SideSummary, summarise, type Trial } from './kill/trials.ts';
import { Watcher } from './kill/watcher.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';

/** Between two victims: evidence of the last one is hashed and written meanwhile, off the path that is measured. */
const pauseMs = 20;

/** How long a program lives that the fingerprint does not know, against one the kernel itself kills at exec. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const trials = quick ? 40 : 300;
  // Not below /tmp: what runs from there is never learned.
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'whorl-bench-kill-'));
  const cgroups = new BenchCgroups();
  const cleanUp = async (): Promise<void> => {
    await cgroups.remove();
    rmSync(dir, { recursive: true, force: true });
  };
  // Hundreds of sleeping copies must not outlive a benchmark that somebody stops.
  const stop = (): void => void cleanUp().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    const built = buildKill(dir);
    const watcher = await Watcher.start(dir, `${cgroups.path}/watched`);
    await cgroups.start(built.sleeper, trials);
    await watcher.approveWhatRuns(trials);
    const done = await runTrials(built, {
      kernelCgroup: cgroups.kernel,
      watched: cgroups.watched,
      trials,
      pauseMs,
    });
    await watcher.close();
    return result(done, watcher);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    await cleanUp();
  }
}

function result(trials: readonly Trial[], watcher: Watcher): BenchResult {
  const kernel = summarise(trials, 'kernel');
  const watched = summarise(trials, 'watched');
  const stopped = watcher.stops.filter((s) => s.result === 'done').length;
  return {
    name: 'kill',
    measures:
      "from a victim calling exec to its being dead and reaped, watched by the agent's parts, against bpf_send_signal(9) at exec in the kernel (ratio = p50 / p50)",
    ratio: watched.p50 / kernel.p50,
    bar: { better: 'smaller', value: 2 },
    figures: [
      ...sideFigures('kernel', 'in kernel', kernel),
      ...sideFigures('watched', 'watched', watched),
      {
        key: 'stillRatio',
        value: watched.stillP50 / kernel.stillP50,
        unit: '',
        label: 'ratio of exec → stands still, p50',
      },
      { key: 'survivors', value: kernel.survivors + watched.survivors, unit: '', label: 'survivors' },
      { key: 'receiptsDone', value: stopped, unit: '', label: 'stops the enforcer reports done' },
      { key: 'trials', value: trials.length / 2, unit: '', label: 'trials of each side, alternating' },
    ],
    notes: [
      "watched: sensor process → pipe → normaliser → attribution → verdict → live kill lease → enforcer kill-subtree, all of the agent's own parts in one Node process, evidence taken before the kill",
      'the lease is signed by a test key and holds what the brakes of a collector set aside; a new one, and empty local limits, come between two victims: no budget lets so many be stopped in a row',
      'evidence (executable, arguments, descriptors) is read between SIGSTOP and SIGKILL: from standing still on, the victim runs nothing of its own',
      'each victim runs in a copy of its own, so that each is a new incident',
    ],
  };
}

function sideFigures(key: string, label: string, s: SideSummary): Figure[] {
  const micros = (name: string, value: number, what: string): Figure => ({
    key: `${key}${name}`,
    value,
    unit: 'µs',
    label: `${label}: ${what}`,
  });
  return [
    micros('P50', s.p50, 'exec call → reaped, p50'),
    micros('P90', s.p90, 'p90'),
    micros('P99', s.p99, 'p99'),
    micros('StillP50', s.stillP50, 'exec → stands still (first signal taken), p50'),
    micros('ExitP50', s.exitP50, "exec → exit by the kernel's clock, p50"),
    { key: `${key}Ran`, value: s.ranPercent, unit: '%', label: `${label}: victims that ran an instruction` },
  ];
}
