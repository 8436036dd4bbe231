/**
 * Tetragon's messages, as much of them as is read: the one table by which the wire, the JSON export and the look at a
 * record go. Numbers are those of v1.7.0; from v1.1 on nothing that is read here was renumbered.
 */
const table = {
  Image: { id: one(1, 'text'), name: one(2, 'text') },
  Container: { id: one(1, 'text'), name: one(2, 'text'), image: one(3, 'Image') },
  Pod: {
    namespace: one(1, 'text'),
    name: one(2, 'text'),
    container: one(4, 'Container'),
    workload: one(6, 'text'),
    workload_kind: one(7, 'text'),
  },
  InodeProperties: { number: one(1, 'uint64'), links: one(2, 'uint32Value') },
  FileProperties: { inode: one(1, 'InodeProperties'), path: one(2, 'text') },
  BinaryProperties: { file: one(4, 'FileProperties') },
  Process: {
    exec_id: one(1, 'text'),
    pid: one(2, 'uint32Value'),
    cwd: one(4, 'text'),
    binary: one(5, 'text'),
    arguments: one(6, 'text'),
    flags: one(7, 'text'),
    start_time: one(8, 'time'),
    pod: one(10, 'Pod'),
    docker: one(11, 'text'),
    parent_exec_id: one(12, 'text'),
    binary_properties: one(18, 'BinaryProperties'),
  },
  ProcessExec: { process: one(1, 'Process'), parent: one(2, 'Process') },
  ProcessExit: {
    process: one(1, 'Process'),
    parent: one(2, 'Process'),
    signal: one(3, 'text'),
    status: one(4, 'uint32'),
    time: one(5, 'time'),
  },
  KprobePath: { path: one(2, 'text'), flags: one(3, 'text') },
  KprobeLinuxBinprm: { path: one(1, 'text'), flags: one(2, 'text') },
  KprobeSock: {
    family: one(1, 'text'),
    type: one(2, 'text'),
    protocol: one(3, 'text'),
    saddr: one(6, 'text'),
    daddr: one(7, 'text'),
    sport: one(8, 'uint32'),
    dport: one(9, 'uint32'),
  },
  KprobeSockaddr: { family: one(1, 'text'), addr: one(2, 'text'), port: one(3, 'uint32') },
  KprobeSockaddrUn: { family: one(1, 'text'), path: one(2, 'text') },
  KprobeCapability: { value: one(1, 'int32Value'), name: one(2, 'text') },
  KprobeArgument: {
    string_arg: one(1, 'text'),
    int_arg: one(2, 'int32'),
    size_arg: one(4, 'uint64'),
    path_arg: one(6, 'KprobePath'),
    file_arg: one(7, 'KprobePath'),
    sock_arg: one(9, 'KprobeSock'),
    long_arg: one(11, 'int64'),
    uint_arg: one(15, 'uint32'),
    capability_arg: one(17, 'KprobeCapability'),
    label: one(18, 'text'),
    linux_binprm_arg: one(26, 'KprobeLinuxBinprm'),
    sockaddr_arg: one(30, 'KprobeSockaddr'),
    sockaddrun_arg: one(33, 'KprobeSockaddrUn'),
  },
  ProcessKprobe: {
    process: one(1, 'Process'),
    parent: one(2, 'Process'),
    function_name: one(3, 'text'),
    args: many(4, 'KprobeArgument'),
    return: one(5, 'KprobeArgument'),
    policy_name: one(8, 'text'),
  },
  ProcessLsm: {
    process: one(1, 'Process'),
    parent: one(2, 'Process'),
    function_name: one(3, 'text'),
    policy_name: one(5, 'text'),
    args: many(7, 'KprobeArgument'),
  },
  ProcessLoader: { process: one(1, 'Process'), path: one(2, 'text'), parent: one(4, 'Process') },
  /** What only says that it came: of somebody else's hooks, or for Tetragon's own tests. */
  Passed: {},
  ProcessThrottle: { type: one(1, 'throttle'), cgroup: one(2, 'text') },
  RateLimitInfo: { number_of_dropped_process_events: one(1, 'uint64') },
  GetEventsResponse: {
    process_exec: one(1, 'ProcessExec'),
    process_exit: one(5, 'ProcessExit'),
    process_kprobe: one(9, 'ProcessKprobe'),
    process_tracepoint: one(10, 'Passed'),
    process_loader: one(11, 'ProcessLoader'),
    process_uprobe: one(12, 'Passed'),
    process_throttle: one(27, 'ProcessThrottle'),
    process_lsm: one(28, 'ProcessLsm'),
    process_usdt: one(29, 'Passed'),
    test: one(40000, 'Passed'),
    rate_limit_info: one(40001, 'RateLimitInfo'),
    time: one(1001, 'time'),
  },
  ProcessInternal: { process: one(1, 'Process'), refcnt: one(3, 'uint32Value') },
  DumpProcessCacheResArgs: { processes: many(1, 'ProcessInternal') },
  GetDebugResponse: { processes: one(3, 'DumpProcessCacheResArgs') },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** Values that are no messages. `…Value` is a message with one field on the wire, and the bare value in JSON. */
interface Scalars {
  readonly text: string;
  readonly uint32: number;
  readonly int32: number;
  /** Exact up to 2^53: flags and counts. */
  readonly uint64: number;
  readonly int64: number;
  readonly uint32Value: number;
  readonly int32Value: number;
  /** µs since the Unix epoch; what is finer is cut off. */
  readonly time: number;
  readonly throttle: 'start' | 'stop' | 'unknown';
}

export type ScalarType = keyof Scalars;
type Table = typeof table;
export type MessageName = keyof Table;

export interface Field {
  readonly number: number;
  readonly type: ScalarType | string;
  readonly repeated: boolean;
}

type ValueOf<T> = T extends ScalarType ? Scalars[T] : T extends MessageName ? Message<T> : never;

/** A message as it is read: what was not written is absent. */
export type Message<N extends MessageName> = {
  readonly [K in keyof Table[N]]?: Table[N][K] extends { readonly type: infer T; readonly repeated: infer R }
    ? R extends true
      ? readonly ValueOf<T>[]
      : ValueOf<T>
    : never;
};

export type Process = Message<'Process'>;
export type Argument = Message<'KprobeArgument'>;
export type Response = Message<'GetEventsResponse'>;

/** Names of the table, so that readers can go by it. */
export const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = table;

/** Numbers for who looks at the wire itself. */
export const numberOf = {
  time: table.GetEventsResponse.time.number,
  execId: table.Process.exec_id.number,
  pid: table.Process.pid.number,
} as const;

/** Where the parts of an act stand in either of the two messages that tell one, by the number that these have themselves. */
export const actNumbers: Readonly<Record<number, ActNumbers>> = {
  [table.GetEventsResponse.process_kprobe.number]: partsOf(table.ProcessKprobe, table.ProcessKprobe.return),
  [table.GetEventsResponse.process_lsm.number]: partsOf(table.ProcessLsm, undefined),
};

export interface ActNumbers {
  readonly process: number;
  readonly function: number;
  readonly policy: number;
  readonly args: number;
  /** 0: it has none. */
  readonly return: number;
}

function partsOf(
  message: Readonly<Record<'process' | 'function_name' | 'policy_name' | 'args', Field>>,
  returned: Field | undefined,
): ActNumbers {
  return {
    process: message.process.number,
    function: message.function_name.number,
    policy: message.policy_name.number,
    args: message.args.number,
    return: returned?.number ?? 0,
  };
}

function one<T extends string>(number: number, type: T) {
  return { number, type, repeated: false } as const;
}

function many<T extends string>(number: number, type: T) {
  return { number, type, repeated: true } as const;
}
