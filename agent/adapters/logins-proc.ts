import { readFileSync } from 'node:fs';
import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Logins } from '../ports/containers.ts';
import { readAlive } from './linux/process-proc.ts';

/** (uid_t)-1: no login stands above it; services are started so. */
const nobody = '4294967295';

/**
 * The login a process descends from, as the kernel's audit marks it at log-in and keeps it through fork, exec and setuid.
 * Who asks a runtime for a session (`kubectl exec`) leaves no mark: the runtime starts it.
 */
export function procLogins(): Logins {
  return {
    of: (process, first) => {
      const uid = loginOf(process);
      // A runtime that was started by hand marks all its containers with whoever did that.
      if (uid === undefined || (first !== undefined && loginOf(first) === uid)) return undefined;
      return `uid:${uid}`;
    },
  };
}

function loginOf(process: ProcessRef): string | undefined {
  try {
    const uid = readFileSync(`/proc/${process.pid}/loginuid`, 'latin1').trim();
    return /^\d{1,10}$/.test(uid) && uid !== nobody && readAlive(process) !== undefined ? uid : undefined;
  } catch {
    // It ended, or the kernel has no audit.
    return undefined;
  }
}
