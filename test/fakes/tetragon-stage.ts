import fc from 'fast-check';
import { encodeResponse, execId, framed } from './tetragon-messages.ts';

/** A small world that Tetragon watches: one container, some processes, a few files; each act as the export writes it. */

export const containerId = 'c'.repeat(64);
const node = 'node-1';
/** ns since boot when the story begins, and its distance from the epoch. */
const bootNs = 1_000_000_000_000n;
const epochNs = 1_700_000_000_000_000_000n;

const acts = ['open', 'load', 'unlink', 'connect', 'datagram', 'accept'] as const;
type Act = (typeof acts)[number];

export interface StageStep {
  readonly do: 'fork' | 'exit' | 'exec' | Act;
  readonly who: number;
  readonly file: number;
}

const what = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('fork' as const, 'exit' as const, 'exec' as const) },
  { weight: 30, arbitrary: fc.constantFrom(...acts) },
);
const step: fc.Arbitrary<StageStep> = fc.record({ do: what, who: fc.nat(2), file: fc.nat(4) });

/** Chunks of steps, and by which of three fingerprints each is judged. */
export const stageStory = fc.array(
  fc.record({ judge: fc.nat(2), steps: fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }) }),
  { minLength: 1, maxLength: 8 },
);

interface Actor {
  readonly pid: number;
  at: bigint;
  exe: string;
  flags: string;
  parent: string;
}

export class TetragonStage {
  #clock = 0n;
  #nextPid = 100;
  readonly #actors: Actor[] = [];
  #events: object[] = [];

  constructor() {
    this.#actors.push({
      pid: 99,
      at: bootNs,
      exe: '/srv/a',
      flags: 'execve clone',
      parent: execId(node, 1n, 1),
    });
    this.#say({
      process_exec: {
        process: this.#process(this.#first()),
        parent: { pid: 1, exec_id: execId(node, 1n, 1) },
      },
    });
  }

  play(step: StageStep): void {
    this.#clock += 1_234_567n;
    const actor = this.#actors[step.who % this.#actors.length] ?? this.#first();
    if (step.do === 'fork') this.#fork(actor);
    else if (step.do === 'exit') this.#exit(actor);
    else if (step.do === 'exec') this.#exec(actor, `/srv/${'abcde'[step.file]}`);
    else this.#say(this.#act(actor, step.do, 'abcde'[step.file] ?? 'a'));
  }

  /** What was told since, as the stream has it. */
  take(): Uint8Array {
    const events = this.#events;
    this.#events = [];
    return framed(...events.map(encodeResponse));
  }

  #first(): Actor {
    return this.#actors[0] as Actor;
  }

  #fork(parent: Actor): void {
    if (this.#actors.length > 4) return;
    const at = bootNs + this.#clock;
    // Pids come back: the fifth process has the pid of the first that ended.
    const pid = 100 + (this.#nextPid++ % 4);
    if (this.#actors.some((a) => a.pid === pid)) return;
    this.#actors.push({
      pid,
      at,
      exe: parent.exe,
      flags: 'clone',
      parent: execId(node, parent.at, parent.pid),
    });
  }

  #exit(actor: Actor): void {
    if (actor === this.#first()) return;
    this.#actors.splice(this.#actors.indexOf(actor), 1);
    this.#say({ process_exit: { process: this.#process(actor), status: 0, time: this.#time() } });
  }

  #exec(actor: Actor, exe: string): void {
    if (actor === this.#first()) return;
    const image = [{ linux_binprm_arg: { path: exe }, label: 'image' }];
    this.#say(this.#hook(actor, 'whorl-code', 'security_bprm_committed_creds', image));
    // The kernel maps the image before the program is told to run: as the program that was.
    this.#say(this.#act(actor, 'load', 'e'));
    actor.at = bootNs + this.#clock;
    actor.flags = actor.flags === 'clone' ? 'execve clone' : 'execve';
    actor.exe = exe;
    this.#say({ process_exec: { process: this.#process(actor) } });
  }

  #act(actor: Actor, what: Act, name: string): object {
    const path = `/srv/${name}`;
    const port = 1000 + name.charCodeAt(0);
    const sock = {
      family: 'AF_INET',
      type: 'SOCK_STREAM',
      protocol: 'IPPROTO_TCP',
      daddr: '10.0.0.7',
      dport: port,
    };
    switch (what) {
      case 'open':
        return {
          process_lsm: {
            process: this.#process(actor),
            function_name: 'file_open',
            policy_name: 'whorl-files',
            args: [
              { file_arg: { path, permission: '-rw-r--r--' }, label: 'file' },
              { uint_arg: 0x8000, label: 'flags' },
              { uint_arg: 0x1d, label: 'mode' },
            ],
          },
        };
      case 'load':
        return this.#hook(actor, 'whorl-code', 'security_mmap_file', [
          { file_arg: { path }, label: 'file' },
          { size_arg: '5', label: 'protection' },
        ]);
      case 'unlink':
        return this.#hook(actor, 'whorl-changes', 'security_path_unlink', [
          { path_arg: { path: '/srv' }, label: 'directory' },
          { path_arg: { path }, label: 'entry' },
        ]);
      case 'connect':
        return this.#hook(actor, 'whorl-network', 'tcp_connect', [{ sock_arg: sock, label: 'socket' }]);
      case 'datagram':
        return this.#hook(actor, 'whorl-network', 'security_socket_connect', [
          { sock_arg: { family: 'AF_INET', type: 'SOCK_DGRAM', protocol: 'IPPROTO_UDP' }, label: 'socket' },
          { sockaddr_arg: { family: 'AF_INET', addr: '10.0.0.9', port } },
        ]);
      case 'accept':
        return this.#hook(actor, 'whorl-network', 'inet_csk_accept', [{ sock_arg: sock, label: 'socket' }], {
          sock_arg: sock,
        });
    }
  }

  #hook(actor: Actor, policy: string, call: string, args: readonly object[], returned?: object): object {
    return {
      process_kprobe: {
        process: this.#process(actor),
        function_name: call,
        policy_name: policy,
        args,
        ...(returned === undefined ? {} : { return: returned }),
      },
    };
  }

  #say(event: object): void {
    this.#events.push({ ...event, node_name: node, time: this.#time() });
  }

  #time(): string {
    return isoOf(epochNs + this.#clock);
  }

  #process(actor: Actor): object {
    return {
      exec_id: execId(node, actor.at, actor.pid),
      pid: actor.pid,
      uid: 0,
      cwd: '/srv',
      binary: actor.exe,
      arguments: 'x "y z"',
      flags: actor.flags,
      start_time: isoOf(epochNs - bootNs + actor.at),
      pod: { namespace: 'n', name: 'p', container: { id: `containerd://${containerId}`, name: 'main' } },
      docker: containerId.slice(0, 31),
      parent_exec_id: actor.parent,
      tid: actor.pid,
    };
  }
}

function isoOf(nanos: bigint): string {
  const whole = new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 19);
  return `${whole}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
