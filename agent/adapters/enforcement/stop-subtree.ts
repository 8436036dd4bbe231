import type { StopRequest, StopResult } from '../../ports.ts';
import { until } from '../linux/cgroup-fs.ts';
import { readAlive } from '../linux/process-proc.ts';
import { Chase } from './chase.ts';
import { capture, type Hand, report, stopWithinMs } from './hand.ts';
import { protection } from './protect.ts';

/**
 * Freezes the drifting subtree in a child cgroup of its own; the rest of the instance runs on. SIGCONT does not wake it
 * (that undoes SIGSTOP, not the freezer), and what is frozen cannot fork.
 */
export async function holdSubtree(hand: Hand, request: StopRequest): Promise<StopResult> {
  const { into, chase } = startChase(hand, request);
  if (!(await enter(hand, request, into, chase))) return gone(request);
  try {
    await chase.run(false);
    const frozen = (): boolean => hand.cgroups.state(into).frozen;
    const still = await until(frozen, stopWithinMs);
    // Only now can no member vanish from under its children any more: what this round does not find is not there.
    const complete = (await chase.run(true)) && (await until(frozen, stopWithinMs));
    const stoppedAt = hand.now();
    if (!hand.cgroups.state(into).populated) {
      await leave(hand, into);
      return gone(request);
    }
    const alive = chase
      .members()
      .filter((member) => lives(chase, member.pid))
      .map((member) => member.pid);
    const pids = [...new Set([...hand.cgroups.procs(into), ...alive])];
    const captured = await capture(hand, request, chase.members());
    const { incident, cgroupPath, deadline } = request;
    const earlier = hand.book.records().find((r) => r.marker === into);
    const from = { ...earlier?.from, ...chase.from };
    const since = earlier?.since ?? stoppedAt;
    await hand.book.put({
      incident: incident.id,
      action: 'hold',
      cgroupPath,
      pids,
      since,
      deadline,
      marker: into,
      from,
    });
    if (still && complete) return await report(hand, request, 'done', { stopped: pids, stoppedAt, captured });
    const detail = complete
      ? 'held, but a process is in an uninterruptible wait and has not stopped yet'
      : escaping;
    return await report(hand, request, 'failed', { stopped: pids, captured, detail });
  } catch (error) {
    await undo(hand, request, into, chase);
    throw error;
  }
}
const escaping = 'new processes are born outside faster than they can be held';

/** Freezes the subtree apart, takes its evidence, and kills the whole cgroup at once. Neighbours are not touched. */
export async function killSubtree(hand: Hand, request: StopRequest): Promise<StopResult> {
  const { into, chase } = startChase(hand, request);
  if (!(await enter(hand, request, into, chase))) return gone(request);
  try {
    await chase.run(false);
    const captured = await capture(hand, request, chase.members());
    const complete = await chase.run(false);
    const pids = hand.cgroups.procs(into);
    killAll(hand, into, chase);
    const dead = (): boolean =>
      !hand.cgroups.state(into).populated && pids.every((pid) => !lives(chase, pid));
    const done = await until(dead, stopWithinMs);
    const stoppedAt = hand.now();
    await leave(hand, into);
    const caught = chase.members().map((member) => member.pid);
    if (caught.length === 0) return gone(request);
    const stopped = [...new Set([...pids, ...caught])];
    if (done && complete) return await report(hand, request, 'done', { stopped, stoppedAt, captured });
    const detail = complete ? 'a process outlives SIGKILL in an uninterruptible wait' : escaping;
    return await report(hand, request, 'failed', { stopped, captured, detail });
  } catch (error) {
    await undo(hand, request, into, chase);
    throw error;
  }
}

function startChase(hand: Hand, request: StopRequest): { into: string; chase: Chase } {
  const { incident, cgroupPath } = request;
  const into = hand.book.marker('hold', incident.id, cgroupPath);
  const pause = hand.book.marker('pause', incident.id, cgroupPath);
  return { into, chase: new Chase(request, hand.cgroups, into, pause, protection(hand.self)) };
}

/** Makes the frozen cgroup, if there is anybody to put into it. */
async function enter(hand: Hand, request: StopRequest, into: string, chase: Chase): Promise<boolean> {
  if (!hand.cgroups.exists(request.cgroupPath) || !(await chase.grows())) return false;
  hand.cgroups.make(into);
  hand.cgroups.freeze(into, true);
  return true;
}

async function leave(hand: Hand, into: string): Promise<void> {
  await until(() => hand.cgroups.remove(into), stopWithinMs);
  if (hand.book.records().length > 0) await hand.book.forget();
}

/** Nothing stays half held: whoever was caught goes on as before, unless an earlier hold of the incident has them. */
async function undo(hand: Hand, request: StopRequest, into: string, chase: Chase): Promise<void> {
  if (hand.book.records().some((record) => record.marker === into)) return;
  for (const pid of hand.cgroups.procs(into))
    hand.cgroups.move(pid, chase.from[String(pid)] ?? request.cgroupPath);
  await leave(hand, into);
}

function killAll(hand: Hand, into: string, chase: Chase): void {
  try {
    hand.cgroups.kill(into);
  } catch {
    // cgroup.kill came with Linux 5.14. Everybody inside is frozen, so the list does not change under the signals.
    for (const id of hand.cgroups.threads(into)) process.kill(id, 'SIGKILL');
  }
  // cgroup.kill goes from leader to leader (Linux 6.18, css_task_iter) and passes over a process whose leader is gone.
  for (const { pid, leaderless } of chase.members())
    if (leaderless && lives(chase, pid)) process.kill(pid, 'SIGKILL');
}

function lives(chase: Chase, pid: number): boolean {
  const member = chase.members().find((m) => m.pid === pid);
  return member !== undefined && readAlive({ pid, start: member.startTicks * 10_000 }) !== undefined;
}

function gone(request: StopRequest): StopResult {
  return {
    result: 'target-gone',
    action: request.action,
    stopped: [],
    detail: `process ${request.culprit.pid} with that start time and its descendants live no more`,
  };
}
