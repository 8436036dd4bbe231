import type { StopRequest, StopResult } from '../../ports/enforcer.ts';
import { until } from '../linux/cgroup-fs.ts';
import { cgroupOf } from '../linux/process-proc.ts';
import { Chase } from './chase.ts';
import { type Captured, closeCaptured } from './evidence-proc.ts';
import { capture, type Hand, orLetGo, report, stopWithinMs } from './hand.ts';

/**
 * Moves the drifting subtree into a child cgroup of its own that is frozen; the rest of the instance runs on. SIGCONT
 * does not wake it (that undoes SIGSTOP, not the freezer), and what is frozen cannot fork.
 */
export async function holdSubtree(hand: Hand, request: StopRequest): Promise<StopResult> {
  const { incident, cgroupPath, deadline } = request;
  const into = hand.book.marker('hold', incident.id, cgroupPath);
  const chase = startChase(hand, request);
  if (!(await isThere(hand, request, chase))) return gone(request);
  const from: Record<string, string> = {};
  try {
    hand.cgroups.make(into);
    hand.cgroups.freeze(into, true);
    await chase.run(false);
    const { complete, still, stoppedAt } = await freezeApart(hand, request, chase, into, from);
    if (!hand.cgroups.state(into).populated) {
      await leave(hand, into);
      return gone(request);
    }
    const members = chase.alive();
    const pids = [...new Set([...hand.cgroups.procs(into), ...members.map((member) => member.pid)])];
    const captured = await capture(hand, request, members);
    const earlier = hand.book.records().find((r) => r.marker === into);
    const record = {
      incident: incident.id,
      action: 'hold' as const,
      cgroupPath,
      pids,
      deadline,
      marker: into,
    };
    const since = earlier?.since ?? stoppedAt;
    await orLetGo(captured, () => hand.book.put({ ...record, since, from: { ...earlier?.from, ...from } }));
    if (still && complete) return await report(hand, request, 'done', { stopped: pids, stoppedAt, captured });
    const detail = complete
      ? 'held, but a process is in an uninterruptible wait and has not stopped yet'
      : escaping;
    return await report(hand, request, 'failed', { stopped: pids, captured, detail });
  } catch (error) {
    await undo(hand, request, into, from);
    chase.wake();
    throw error;
  }
}
const escaping = 'new processes are born faster than they can be stopped';

/** Repeated until a look at all of /proc, with everybody frozen, finds nobody new. */
async function freezeApart(
  hand: Hand,
  request: StopRequest,
  chase: Chase,
  into: string,
  from: Record<string, string>,
): Promise<{ complete: boolean; still: boolean; stoppedAt: number }> {
  const frozen = (): boolean => hand.cgroups.state(into).frozen;
  let complete = false;
  let stoppedAt = 0;
  for (let round = 0; round < maxFreezeRounds && !complete; round += 1) {
    await moveIn(hand, request, chase, into, from);
    await until(frozen, stopWithinMs);
    stoppedAt = hand.now();
    const caught = (await chase.run(true)) && chase.alive().every((member) => String(member.pid) in from);
    complete = caught && (await isOver(chase));
  }
  // Frozen now, so this wakes nobody; but the resume will.
  chase.wake();
  return { complete, still: await until(frozen, stopWithinMs), stoppedAt };
}

async function moveIn(
  hand: Hand,
  { cgroupPath }: StopRequest,
  chase: Chase,
  into: string,
  from: Record<string, string>,
): Promise<void> {
  for (const { pid } of chase.alive()) {
    if (String(pid) in from) continue;
    const first = Object.keys(from).length === 0;
    const origin = cgroupOf(pid);
    from[String(pid)] = origin === undefined || origin === into ? cgroupPath : origin;
    if (origin === into) continue;
    // The first move waits for the kernel, off the event loop; those right after it do not.
    if (first) await hand.cgroups.moveSlowly(pid, into);
    else hand.cgroups.move(pid, into);
  }
}
/** The second round finds what slipped past the first; a third is only needed when somebody sends SIGCONT all along. */
const maxFreezeRounds = 8;

/**
 * Stops the subtree, takes or holds open what would die with it, kills it, and then writes the evidence down: hashes,
 * copies and ancestors wait until it is dead, the answer waits for them. Neighbours are not touched.
 */
export async function killSubtree(hand: Hand, request: StopRequest): Promise<StopResult> {
  const chase = startChase(hand, request);
  let captured: Captured | undefined;
  try {
    if (!(await isStruck(hand, request, chase))) return gone(request);
    await chase.run(false);
    captured = await capture(hand, request, chase.alive());
    const dead = (): boolean => chase.alive().length === 0;
    let [complete, done, stoppedAt] = [false, false, 0];
    // Somebody who was woken by a SIGCONT in between may have forked once more: found in the next round.
    for (let round = 0; round < maxKillRounds && !(complete && done); round += 1) {
      chase.kill();
      done = await until(dead, stopWithinMs);
      stoppedAt = hand.now();
      complete = (await chase.run(false)) && dead() && (await isOver(chase));
    }
    if (hand.book.records().length > 0) await hand.book.forget();
    const stopped = chase.members().map((member) => member.pid);
    if (stopped.length === 0) return gone(request);
    if (done && complete) return await report(hand, request, 'done', { stopped, stoppedAt, captured });
    const detail = done ? escaping : 'a process outlives SIGKILL in an uninterruptible wait';
    return await report(hand, request, 'failed', { stopped, captured, detail });
  } catch (error) {
    chase.wake();
    if (captured !== undefined) await closeCaptured(captured);
    throw error;
  }
}
const maxKillRounds = 8;

function startChase(hand: Hand, request: StopRequest): Chase {
  const pause = hand.book.marker('pause', request.incident.id, request.cgroupPath);
  return new Chase(request, hand.cgroups, pause, hand.isProtected);
}

/** A process that lives only for the fork of the next is known by its successor, which is told of a moment later. */
async function isOver(chase: Chase): Promise<boolean> {
  return !chase.hasDescendants() || (await chase.settled());
}

async function isThere(hand: Hand, request: StopRequest, chase: Chase): Promise<boolean> {
  return hand.cgroups.exists(request.cgroupPath) && (await chase.grows());
}

/** As `isThere`, with whoever is there stopped already. */
async function isStruck(hand: Hand, request: StopRequest, chase: Chase): Promise<boolean> {
  return hand.cgroups.exists(request.cgroupPath) && (chase.strike() || (await chase.grows()));
}

async function leave(hand: Hand, into: string): Promise<void> {
  await until(() => hand.cgroups.remove(into), stopWithinMs);
  await hand.book.forget();
}

/** Nothing stays half held: whoever was moved goes back, unless an earlier hold of the incident has them. */
async function undo(
  hand: Hand,
  request: StopRequest,
  into: string,
  from: Record<string, string>,
): Promise<void> {
  if (hand.book.records().some((record) => record.marker === into)) return;
  const inside = [...hand.cgroups.procs(into), ...hand.cgroups.threads(into)];
  for (const id of inside) hand.cgroups.move(id, from[String(id)] ?? request.cgroupPath);
  await leave(hand, into);
}

function gone(request: StopRequest): StopResult {
  return {
    result: 'target-gone',
    action: request.action,
    stopped: [],
    detail: `process ${request.culprit.pid} with that start time and its descendants live no more`,
  };
}
