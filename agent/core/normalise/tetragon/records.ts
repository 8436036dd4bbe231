import { hookOf } from './hooks.ts';
import type { Process, Response } from './messages.ts';

/** What stands in a response besides what it means. */

/** Some events of early releases carry no time: an execution began when it says. */
export function timeOf(response: Response): number | undefined {
  const time = response.time ?? response.process_exec?.process?.start_time;
  return time === 0 ? undefined : time;
}

/** Of a recording: when it happened, µs since the epoch, as well as it says. */
export function recordedAt(response: Response): number {
  return timeOf(response) ?? aboutWhom(response)?.process?.start_time ?? 0;
}

/** What must come first of what happened in one microsecond. */
export function rankOf({ process_exec: exec, process_exit: exit, process_kprobe: kprobe }: Response): number {
  if (kprobe?.function_name === 'security_bprm_committed_creds') return 0;
  if (exec !== undefined) return 1;
  return exit === undefined ? 2 : 3;
}

/** Whether it is of our policies or of none: everything else is passed over. */
export function isOurs(response: Response): boolean {
  const act = actOf(response);
  if (act !== undefined) return hookOf(act.policy_name, act.function_name) !== undefined;
  const { process_exec, process_exit, process_loader, process_throttle, rate_limit_info } = response;
  const read = [process_exec, process_exit, process_loader, process_throttle, rate_limit_info];
  return read.some((event) => event !== undefined);
}

/** Known, and nothing that is read: of somebody else's hooks, or Tetragon's own tests. */
export function isForeign(r: Response): boolean {
  const others = [r.process_tracepoint, r.process_uprobe, r.process_usdt, r.test];
  return others.some((other) => other !== undefined);
}

export function actOf({ process_kprobe: kprobe, process_lsm: lsm }: Response) {
  return kprobe ?? lsm;
}

export function aboutWhom(
  r: Response,
): { readonly process?: Process; readonly parent?: Process } | undefined {
  return r.process_exec ?? r.process_exit ?? r.process_kprobe ?? r.process_lsm ?? r.process_loader;
}
