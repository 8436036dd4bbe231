import type { NodeView } from '../../agent/core/normalise/node-view.ts';
import { fakeNodeView } from './node-views.ts';
import type { Step } from './sensor-stage.ts';
import {
  bool,
  grpcFramed,
  int32,
  int64,
  message,
  nil,
  sockaddr,
  str,
  strs,
  type TraceeProcess,
  type TraceeValue,
  traceeMessage,
  u32,
  u64,
} from './tracee-messages.ts';

const boot = 1_700_000_000_000_000;
const copies = { 44: 'a'.repeat(64), 45: 'b'.repeat(64) } as const;
type Copy = keyof typeof copies;
const files = ['/srv/a', '/srv/b', '/srv/c', '/srv/d', '/srv/e.py', '/srv/f'];
const python = 4;

interface Living {
  readonly process: TraceeProcess;
  readonly copy: Copy | undefined;
}

/** The same small node as the sensor's stage, told as Tracee would. */
export class TraceeStage {
  readonly #alive = new Map<number, Living>();
  readonly #messages: Uint8Array[] = [];
  #time = boot + 10_000_000;
  #uniqueId = 1;
  #turn = 0;

  constructor() {
    this.#alive.set(50, { process: { pid: 50, start: boot + 1_000_000, uniqueId: 50 }, copy: undefined });
    for (const pid of [100, 101, 102]) {
      this.#fork(50, pid, pid === 102 ? 45 : 44);
      this.#act({ do: 'exec', pid, name: 0, flags: 0 });
    }
  }

  /** The node on which it plays. */
  get view(): NodeView {
    const places = new Map([
      [copies[44], { id: 44, path: '/copy-a' }],
      [copies[45], { id: 45, path: '/copy-b' }],
    ]);
    return fakeNodeView({ places, bootOffset: boot });
  }

  play(step: Step): void {
    this.#time += 1000;
    switch (step.do) {
      case 'fork':
        this.#fork(step.pid, step.child, this.#alive.get(step.pid)?.copy);
        break;
      case 'exit':
        this.#tell(step.pid, 'sched_process_exit', [int32('exit_code', 0), bool('process_group_exit', true)]);
        this.#alive.delete(step.pid);
        break;
      case 'link':
        this.#tell(step.pid, 'linkat', [
          str('oldpath', '/etc/shadow'),
          str('newpath', files[step.name] ?? '/srv/x'),
          int64('returnValue', 0),
        ]);
        break;
      case 'resolve':
        this.#resolve(step.pid, step.name, step.address);
        break;
      case 'attach':
        // Tracee does not tell; what the step stands for is that something unknown is told.
        this.#tell(step.pid, 'cgroup_attach_task', [int32('pid', step.pid)]);
        break;
      default:
        this.#act(step);
    }
  }

  take(): Uint8Array {
    return grpcFramed(...this.#messages.splice(0));
  }

  #act(step: Extract<Step, { do: 'open' | 'load' | 'delete' | 'accept' | 'connect' | 'exec' }>): void {
    const path = files[step.name] ?? '/srv/x';
    // Flags as numbers and as names, and now and then none at all.
    const flags = [int32('flags', 0), str('flags', 'O_RDONLY|O_CLOEXEC'), int32('flags', 1), nil('flags')];
    // Name 1 is no address: of such a peer no event is made.
    const peer = sockaddr(
      'remote_addr',
      step.name === 1
        ? { sa_family: 'SA_FAMILY_T_UNSPEC' }
        : {
            sa_family: 'AF_INET',
            sin_addr: step.name === 0 ? '127.0.0.1' : `10.0.0.${step.name}`,
            sin_port: 80,
          },
    );
    switch (step.do) {
      case 'open':
        this.#tell(step.pid, 'security_file_open', [
          str('pathname', path),
          flags[step.flags === 0 ? step.name % 2 : step.flags % flags.length] ?? nil('flags'),
          u64('ctime', this.#time),
        ]);
        break;
      case 'load':
        this.#tell(step.pid, 'shared_object_loaded', [str('pathname', path), u64('inode', this.#time)]);
        break;
      case 'delete':
        this.#tell(step.pid, 'security_inode_unlink', [str('pathname', path)]);
        break;
      case 'connect':
        this.#tell(step.pid, 'security_socket_connect', [int32('sockfd', step.name), int32('type', 1), peer]);
        break;
      case 'accept':
        this.#tell(step.pid, 'socket_accept', [int32('sockfd', 3), peer]);
        break;
      case 'exec': {
        const exe = step.name === python ? '/usr/bin/python3' : path;
        const argv = step.name === python ? [exe, step.pid % 2 === 0 ? '/srv/d' : '-'] : [exe];
        this.#tell(step.pid, 'sched_process_exec', [str('pathname', exe), strs('argv', argv)], true);
      }
    }
  }

  #resolve(pid: number, name: number, address: number): void {
    const host = `${'abcdef'[name] ?? 'x'}.example`;
    for (const isAnswer of [false, true]) {
      const answers = [{ name: host, type: 'A', ttl: 60, ip: `10.0.0.${address}` }];
      const [src, dst] = isAnswer ? ['10.0.0.53', '10.0.0.9'] : ['10.0.0.9', '10.0.0.53'];
      const dns = { id: 7, qr: isAnswer ? 1 : 0, questions: [{ name: host, type: 'A' }] };
      this.#tell(pid, 'net_packet_dns', [
        str('src', src ?? ''),
        str('dst', dst ?? ''),
        u32('src_port', isAnswer ? 53 : 4321),
        u32('dst_port', isAnswer ? 4321 : 53),
        message('metadata', 'packet_metadata', { direction: isAnswer ? 'INGRESS' : 'EGRESS' }),
        message('proto_dns', 'dns', isAnswer ? { ...dns, answers } : dns),
      ]);
    }
  }

  #fork(parent: number, child: number, copy: Copy | undefined): void {
    if (parent === child || !this.#alive.has(parent)) return;
    const start = this.#time + 5;
    this.#uniqueId += 1;
    this.#tell(parent, 'sched_process_fork', [
      int32('child_pid', child),
      int32('child_tid', child),
      u64('start_time', `${start}000`),
    ]);
    const uniqueId = this.#uniqueId;
    const above = this.#alive.get(parent)?.process.uniqueId ?? 0;
    this.#alive.set(child, {
      process: { pid: child, start, uniqueId, parent: { pid: parent, uniqueId: above } },
      copy,
    });
  }

  #tell(pid: number, name: string, data: readonly TraceeValue[], byLeader = false): void {
    const living = this.#alive.get(pid);
    if (living === undefined) return;
    this.#time += 10;
    this.#turn += 1;
    const { process, copy } = living;
    // Every third act is another thread's, with a start of its own.
    const isThread = !byLeader && this.#turn % 3 === 0 && name !== 'sched_process_exit';
    const acting = isThread ? { ...process, tid: pid + 1000, start: process.start + 77 } : process;
    const place = copy === undefined ? {} : { container: { id: copies[copy], name: 'main' } };
    this.#messages.push(traceeMessage({ name, time: this.#time, process: acting, ...place, data }));
  }
}
