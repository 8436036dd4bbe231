import fc from 'fast-check';
import { fieldTag, recordFlag, recordType } from '../../agent/core/normalise/sensor-record.ts';
import {
  dnsMessage,
  list,
  path,
  type RecordToWrite,
  SensorWriter,
  text,
  type Who,
} from '../../bench/sensor-writer.ts';

const imageFile = (8 << 12) | 1 | 2;
const volumeFile = 8 << 12;
const upperFile = imageFile | 4;
/** The program of this name is an interpreter: what it is started with, and what it reads, decides what reading is. */
const python = { name: 4, exe: '/usr/bin/python3' };
const files = ['/srv/a', '/srv/b', '/srv/c', '/srv/d', '/srv/e.py', '/srv/f'];

/** One thing that happens on the node. */
export type Step =
  | {
      readonly do: 'open' | 'load' | 'delete' | 'accept' | 'connect' | 'exec';
      readonly pid: number;
      readonly name: number;
      readonly flags: number;
    }
  | { readonly do: 'resolve'; readonly pid: number; readonly name: number; readonly address: number }
  | { readonly do: 'link'; readonly pid: number; readonly name: number }
  | { readonly do: 'fork'; readonly pid: number; readonly child: number }
  | { readonly do: 'exit'; readonly pid: number }
  | { readonly do: 'attach'; readonly pid: number; readonly to: number };

const pid = fc.integer({ min: 100, max: 104 });
const helper = fc.integer({ min: 103, max: 104 });
const name = fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 5);
const oneStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 120,
    arbitrary: fc.record({
      do: fc.constantFrom('open', 'open', 'load', 'delete', 'accept', 'connect', 'connect' as const),
      pid,
      name,
      flags: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, recordFlag.found, recordFlag.truncated),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('exec' as const),
      pid,
      name,
      flags: fc.constantFrom(0, 0, recordFlag.found),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resolve' as const), pid, name, address: name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('link' as const), pid, name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('exec' as const),
      pid: helper,
      name: fc.constant(python.name),
      flags: fc.constant(0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fork' as const), pid, child: helper }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exit' as const), pid }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('attach' as const), pid, to: fc.constantFrom(1, 44, 45) }),
  },
);

/** Long enough that most acts come again and again; a change of what judges stands between chunks. */
export const story = fc.array(
  fc.record({
    steps: fc.array(oneStep, { minLength: 100, maxLength: 250, size: 'max' }),
    judge: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 4, size: 'max' },
);

/** Plays a small node: who lives with which start in which cgroup, so that records are such as a kernel would write. */
export class Stage {
  readonly #writer = new SensorWriter();
  readonly #alive = new Map<number, Who>();
  #time = 10_000_000_000;

  constructor() {
    const manager: Who = { pid: 50, start: 1_000_000_000, parent: { pid: 1, start: 0 }, cgroup: 1 };
    const cgroups: readonly [number, string][] = [
      [1, '/'],
      [44, '/copy-a'],
      [45, '/copy-b'],
    ];
    for (const [id, at] of cgroups)
      this.#write({
        type: recordType.cgroup,
        who: manager,
        a: 1,
        b: id,
        fields: [[fieldTag.text, text(at)]],
      });
    for (const first of [100, 101, 102]) {
      this.#alive.set(50, manager);
      this.#fork(50, first);
      this.#attach(first, first === 102 ? 45 : 44);
      this.#act({ do: 'exec', pid: first, name: 0, flags: 0 });
    }
  }

  play(step: Step): void {
    this.#time += 1_000_000;
    switch (step.do) {
      case 'fork':
        this.#fork(step.pid, step.child);
        break;
      case 'exit':
        this.#exit(step.pid);
        break;
      case 'link':
        this.#link(step.pid, step.name);
        break;
      case 'resolve':
        this.#resolve(step.pid, step.name, step.address);
        break;
      case 'attach':
        this.#attach(step.pid, step.to);
        break;
      default:
        this.#act(step);
    }
  }

  /** The resolver calls the address by this name from now on. */
  #resolve(pid: number, name: number, address: number): void {
    const who = this.#alive.get(pid);
    if (who === undefined) return;
    for (const isAnswer of [false, true]) {
      const payload = dnsMessage(
        `${'abcdef'[name] ?? 'x'}.example`,
        isAnswer ? [10, 0, 0, address] : undefined,
      );
      const server = [fieldTag.address, Uint8Array.of(10, 0, 0, 53)] as const;
      const fields = [server, [fieldTag.payload, payload]] as const;
      this.#write({ type: recordType.dns, who, a: 2, b: 53, c: isAnswer ? 1 : 0, fields });
    }
  }

  /** A hard link to a sensitive file under the name of one that was harmless so far. */
  #link(pid: number, name: number): void {
    const who = this.#alive.get(pid);
    if (who === undefined) return;
    this.#write({
      type: recordType.link,
      who,
      fields: [
        [fieldTag.base, path('/')],
        [fieldTag.name, text('/etc/shadow')],
        [fieldTag.base2, path('/')],
        [fieldTag.name2, text(files[name] ?? '/srv/x')],
      ],
    });
  }

  #exit(pid: number): void {
    const who = this.#alive.get(pid);
    if (who === undefined) return;
    this.#alive.delete(pid);
    this.#write({ type: recordType.exit, who });
  }

  take(): Uint8Array {
    const bytes = this.#writer.bytes();
    const from = this.#taken;
    this.#taken = bytes.length;
    return bytes.slice(from);
  }
  #taken = 0;

  #act(step: Extract<Step, { do: 'open' | 'load' | 'delete' | 'accept' | 'connect' | 'exec' }>): void {
    const who = this.#alive.get(step.pid);
    if (who === undefined) return;
    const isPython = step.do === 'exec' && step.name === python.name;
    const at = isPython ? python.exe : (files[step.name] ?? '/srv/x');
    const type = recordType[step.do];
    // The same program with two scripts: what one loads the other only reads.
    const args = isPython ? [at, step.pid % 2 === 0 ? '/srv/d' : '-'] : [at];
    this.#write({
      type,
      who,
      flags: step.flags,
      facts: factsOf(step.do, step.name),
      fields: [
        // Name 1 is no address: of such a peer no event is made.
        (step.do === 'accept' || step.do === 'connect') && step.name !== 1
          ? [fieldTag.address, Uint8Array.of(step.name === 0 ? 127 : 10, 0, 0, step.name)]
          : [fieldTag.path, path(at)],
        ...(step.do === 'exec' ? [[fieldTag.args, list(args)] as const] : []),
      ],
    });
  }

  #fork(parentPid: number, childPid: number): void {
    const parent = this.#alive.get(parentPid);
    if (parent === undefined || parentPid === childPid) return;
    // A pid that comes back was free: its last owner is gone, whether or not the exit was told.
    const start = this.#time + 500;
    this.#alive.set(childPid, { pid: childPid, start, parent, cgroup: parent.cgroup });
    this.#write({ type: recordType.fork, who: parent, a: childPid, b: start, c: parent.cgroup });
  }

  #attach(member: number, to: number): void {
    const who = this.#alive.get(member);
    if (who === undefined) return;
    const at = to === 1 ? '/' : to === 44 ? '/copy-a' : '/copy-b';
    this.#write({ type: recordType.attach, who, a: to, fields: [[fieldTag.text, text(at)]] });
    this.#alive.set(member, { ...who, cgroup: to });
  }

  #write(record: RecordToWrite): void {
    this.#time += 10_000;
    this.#writer.write(this.#time, record);
  }
}

/** Names 3 to 5 lie on volumes; what is loaded under the others was written into the container. */
function factsOf(act: string, name: number): number {
  if (act === 'exec') return name === 5 ? volumeFile : imageFile;
  if (name >= 3) return volumeFile;
  return act === 'load' ? upperFile : imageFile;
}
