import type { Event, EventOf, ProcessRef } from '../../../fingerprint/event.ts';
import {
  bool,
  int32,
  sockaddr,
  str,
  strs,
  type TraceeAddress,
  type TraceeContainer,
  type TraceeEvent,
  type TraceeValue,
  u64,
} from '../../fakes/tracee-messages.ts';

/**
 * What Tracee would tell of the same kernel events, its scope being containers: for tests that need its stream to be
 * about processes that really run. The sensor does the looking.
 */
export class SensorAsTracee {
  /** Control group → the container that lives in it. */
  readonly #containers = new Map<number, TraceeContainer>();
  readonly #cgroups = new Map<number, number>();
  readonly #exes = new Map<number, string>();
  readonly #bootOffset: number;

  /** @param bootOffset µs from boot to the epoch, as this Tracee reckoned it */
  constructor(bootOffset: number) {
    this.#bootOffset = bootOffset;
  }

  of(event: Event): TraceeEvent[] {
    if (event.kind === 'cgroup') this.#learn(event);
    if (event.kind === 'attach') this.#cgroups.set(event.process.pid, event.to);
    if (event.cgroup !== undefined) this.#cgroups.set(event.process.pid, event.cgroup);
    if (event.kind === 'exec') this.#exes.set(event.process.pid, event.exe);
    if (event.kind === 'fork') this.#forked(event);
    if (event.found === true) return [];
    const container = this.#containers.get(this.#cgroups.get(event.process.pid) ?? 0);
    const named = container === undefined ? undefined : this.#named(event);
    if (container === undefined || named === undefined) return [];
    const { pid, start } = event.process;
    const exe = this.#exes.get(pid) ?? '';
    const parent = event.parent === undefined ? {} : { parent: { pid: event.parent.pid } };
    const process = { pid, start: this.#epoch({ pid, start }), exe, ...parent };
    return [{ ...named, time: event.time, container, process }];
  }

  #learn({ action, id, path }: EventOf<'cgroup'>): void {
    const container = /([0-9a-f]{64})$/.exec(path)?.[1];
    if (action !== 'removed' && container !== undefined) this.#containers.set(id, { id: container });
  }

  #forked({ process, child }: EventOf<'fork'>): void {
    this.#exes.set(child.pid, this.#exes.get(process.pid) ?? '');
    const cgroup = this.#cgroups.get(process.pid);
    if (cgroup !== undefined) this.#cgroups.set(child.pid, cgroup);
  }

  #epoch({ start }: ProcessRef): number {
    return start + this.#bootOffset;
  }

  #named(event: Event): Pick<TraceeEvent, 'name' | 'data'> | undefined {
    switch (event.kind) {
      case 'exec': {
        const data = [
          str('cmdpath', event.file ?? event.exe),
          str('pathname', event.exe),
          strs('argv', event.args),
        ];
        return { name: 'sched_process_exec', data };
      }
      case 'fork': {
        const { child, process } = event;
        const data = [
          int32('parent_pid', process.pid),
          int32('child_pid', child.pid),
          int32('child_tid', child.pid),
          int32('leader_pid', child.pid),
          int32('leader_tid', child.pid),
          u64('start_time', `${BigInt(this.#epoch(child)) * 1000n}`),
        ];
        return { name: 'sched_process_fork', data };
      }
      case 'exit': {
        const data = [int32('exit_code', event.code), bool('process_group_exit', true)];
        return { name: 'sched_process_exit', data };
      }
      case 'open':
        return {
          name: 'security_file_open',
          data: [str('pathname', event.path), int32('flags', flagsOf(event))],
        };
      case 'load':
        return { name: 'shared_object_loaded', data: [str('pathname', event.path)] };
      case 'delete':
        return { name: 'security_inode_unlink', data: [str('pathname', event.path)] };
      case 'rename':
        return {
          name: 'security_inode_rename',
          data: [str('old_path', event.path), str('new_path', event.to)],
        };
      case 'connect':
        return { name: 'security_socket_connect', data: peer('remote_addr', event) };
      case 'listen':
        return { name: 'security_socket_listen', data: peer('local_addr', event) };
      default:
        return undefined;
    }
  }
}

const flags = { read: 0, write: 1, create: 0o101, map: 0 } as const;

function flagsOf({ access }: EventOf<'open'>): number {
  return flags[access];
}

function peer(name: string, event: EventOf<'connect' | 'listen'>): TraceeValue[] {
  const type = event.transport === 'udp' ? 2 : 1;
  return [int32('sockfd', 3), int32('type', type), sockaddr(name, addressOf(event))];
}

function addressOf({ transport, address, port }: EventOf<'connect' | 'listen'>): TraceeAddress {
  if (transport === 'unix') return { sa_family: 'AF_UNIX', sun_path: address };
  return address.includes(':')
    ? { sa_family: 'AF_INET6', sin6_addr: address, sin6_port: port }
    : { sa_family: 'AF_INET', sin_addr: address, sin_port: port };
}
