import { readFileSync } from 'node:fs';
import type { StopRequest, StopResult } from '../../ports/enforcer.ts';
import { until } from '../linux/cgroup-fs.ts';
import { type ProcessStat, readAlive, readStat, startOf } from '../linux/process-proc.ts';
import { capture, type Hand, orLetGo, report, stopWithinMs } from './hand.ts';

/** Freezes the whole instance: it serves nobody until it is resumed, and its memory stays to be looked at. */
export async function freezeInstance(hand: Hand, request: StopRequest): Promise<StopResult> {
  const no = refusal(hand, request);
  if (no !== undefined) return no;
  const { cgroupPath, incident, deadline } = request;
  const marker = hand.book.marker('freeze', incident.id, cgroupPath);
  hand.cgroups.make(marker);
  hand.cgroups.freeze(cgroupPath, true);
  const frozen = await until(() => hand.cgroups.state(cgroupPath).frozen, stopWithinMs);
  const stoppedAt = hand.now();
  const pids = hand.cgroups.procsBelow(cgroupPath);
  const captured = await capture(hand, request, membersOf(request, pids));
  const record = { incident: incident.id, action: 'freeze' as const, cgroupPath, pids, deadline, marker };
  await orLetGo(captured, () => hand.book.put({ ...record, since: stoppedAt, from: {} }));
  if (frozen) return await report(hand, request, 'done', { stopped: pids, stoppedAt, captured });
  const detail = 'frozen, but a process is in an uninterruptible wait and has not stopped yet';
  return await report(hand, request, 'failed', { stopped: pids, captured, detail });
}

/** Kills the whole instance: the kernel first, because it needs nobody's help; the runtime when that did not end it. */
export async function killInstance(hand: Hand, request: StopRequest): Promise<StopResult> {
  const no = refusal(hand, request);
  if (no !== undefined) return no;
  const { cgroupPath, incident } = request;
  // The marker lets the next agent undo the freeze if this one dies before the kill.
  const marker = hand.book.marker('pause', incident.id, cgroupPath);
  hand.cgroups.make(marker);
  hand.cgroups.freeze(cgroupPath, true);
  const pids = hand.cgroups.procsBelow(cgroupPath);
  const captured = await capture(hand, request, membersOf(request, pids));
  const dead = (): boolean => !hand.cgroups.state(cgroupPath).populated;
  const problem = await orLetGo(captured, () => killUntil(hand, request, dead));
  const stoppedAt = hand.now();
  // A systemd unit keeps its cgroup over a restart: it must not find it frozen.
  if (hand.cgroups.exists(cgroupPath)) hand.cgroups.freeze(cgroupPath, false);
  hand.cgroups.remove(marker);
  await hand.book.forget();
  if (problem === undefined)
    return await report(hand, request, 'done', { stopped: pids, stoppedAt, captured });
  return await report(hand, request, 'failed', { stopped: [], captured, detail: problem });
}

async function killUntil(hand: Hand, request: StopRequest, dead: () => boolean): Promise<string | undefined> {
  try {
    hand.cgroups.kill(request.cgroupPath);
    if (await until(dead, stopWithinMs)) return undefined;
  } catch (error) {
    if (dead()) return undefined;
    if (hand.runtimeKill === undefined) throw error;
  }
  if (hand.runtimeKill === undefined) return 'a process outlives cgroup.kill in an uninterruptible wait';
  await hand.runtimeKill(request.incident.instance.id);
  return (await until(dead, stopWithinMs))
    ? undefined
    : 'neither cgroup.kill nor the runtime ended the container';
}

/** Why the whole cgroup may not be touched, or that it is no more; undefined when it may. */
function refusal(hand: Hand, request: StopRequest): StopResult | undefined {
  const { action, cgroupPath, exclusive } = request;
  const because = (result: StopResult['result'], detail: string): StopResult => ({
    result,
    action,
    stopped: [],
    detail,
  });
  if (!exclusive || cgroupPath === '/') {
    return because(
      'refused-protected',
      'its cgroup is shared with others: only hold and kill-subtree may act in it',
    );
  }
  const pids = hand.cgroups.procsBelow(cgroupPath);
  if (pids.length === 0) return because('target-gone', 'nothing lives in its cgroup any more');
  for (const pid of pids) {
    const reason = hand.isProtected(pid);
    if (reason !== undefined)
      return because('refused-protected', `process ${pid} of its cgroup is not stopped: ${reason}`);
  }
  if (isReplaced(request, pids))
    return because('target-gone', 'its cgroup holds a later start of the service');
  return undefined;
}

/** True when everybody inside was born after the incident: the same cgroup path, but not the copy that drifted. */
function isReplaced(request: StopRequest, pids: readonly number[]): boolean {
  if (readAlive(request.culprit) !== undefined) return false;
  const last = request.incident.last - bootTime();
  return pids.every((pid) => {
    const stat = readStat(pid);
    return stat === undefined || startOf(stat) > last + clockSlackUs;
  });
}
/** The epoch clock may have been stepped a little between the event and now. */
const clockSlackUs = 1_000_000;

/** µs since the Unix epoch at which the machine booted. */
function bootTime(): number {
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return Date.now() * 1000 - Math.round(uptime * 1_000_000);
}

/** The culprit's own processes first: they are what the evidence is about. */
function membersOf(request: StopRequest, pids: readonly number[]): ProcessStat[] {
  const first = [request.culprit, ...request.subtree].flatMap((ref) => readAlive(ref) ?? []);
  const known = new Set(first.map((stat) => stat.pid));
  return [...first, ...pids.filter((pid) => !known.has(pid)).flatMap((pid) => readStat(pid) ?? [])];
}
