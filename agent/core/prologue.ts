import type { Event, EventOf } from '../../fingerprint/event.ts';
import type { InstanceRecord } from './instances.ts';
import type { ProcessRecord } from './process-record.ts';

/** Between fork and exec a manager only sets the child up: microseconds, seconds under load. */
const managedUs = 2_000_000;
/** runc waits in the container for `start`; with its own image in place this long, it is no prologue any more. */
const runtimeAgainUs = 30_000_000;

/**
 * The runtime's own second execution after it entered the container is not the workload's first: runc runs a sealed
 * copy of itself (against CVE-2019-5736), systemd ≥ 255 sets services up in systemd-executor.
 */
export function isRuntimePrologue(
  event: EventOf<'exec'>,
  before: EventOf<'exec'> | undefined,
  instance: InstanceRecord,
): boolean {
  if (instance.owner.kind === 'unit') return event.exe.endsWith('/lib/systemd/systemd-executor');
  if (instance.owner.kind !== 'container' || !isRuncInit(event.args)) return false;
  // Only the host's runtime can come in from outside as `runc init`; inside, that name proves nothing.
  return isRuncInit(before?.args ?? []) || isSealedCopy(event.exe);
}

/**
 * Of runc's own program: from memory, or (1.1) from a mount that was detached once it was open, which leaves `/` of its
 * path. No image can name a program so. A source that shows containers alone shows nothing before it.
 */
function isSealedCopy(exe: string): boolean {
  return exe === '/' || /^\/?(dev\/shm\/)?memfd:runc_cloned:/.test(exe);
}

/**
 * Whether acts of a process that entered but did not execute are its own by now. A container's are the runtime's until
 * then, since nobody else can put a process there; into a plain cgroup or unit anybody moves running processes.
 */
export function prologueIsOver(record: ProcessRecord, event: Event, instance: InstanceRecord): boolean {
  if (record.root === 'found') return true;
  const waited = event.time - record.enteredAt;
  if (instance.owner.kind === 'unit' || instance.owner.kind === 'cgroup') return waited > managedUs;
  return record.runtimeAgain && waited > runtimeAgainUs;
}

function isRuncInit(args: readonly string[]): boolean {
  return args.length >= 2 && /(^|\/)runc$/.test(args[0] ?? '') && args[1] === 'init';
}
