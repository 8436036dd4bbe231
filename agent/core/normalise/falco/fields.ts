/**
 * What is read from an alert, and by which name Falco knows it (falco.org/docs/reference/rules/supported-fields). The
 * one table: a recording that lacks a row marked `needed` cannot be attributed, whatever else it holds.
 */
export const falcoFields = {
  /** System call, or `procexit`. */
  type: { name: 'evt.type', needed: true },
  /** Falco's own count of events: the same for all rules that one event matched. */
  num: { name: 'evt.num' },
  /** `>` before the call, `<` after it; up to 0.41, since then only what is after exists. */
  direction: { name: 'evt.dir' },
  /** Its result: 0 or a descriptor, or a negative errno. */
  result: { name: 'evt.rawres' },
  resultName: { name: 'evt.res' },
  args: { name: 'evt.args' },
  flags: { name: 'evt.arg.flags' },
  /** Where to, of a connect that failed (0.43 and later). */
  connectAddress: { name: 'evt.arg.addr' },
  exitCode: { name: 'evt.arg.ret' },
  exitSignal: { name: 'evt.arg.sig' },
  /** In the host's pid namespace. */
  pid: { name: 'proc.pid', needed: true },
  thread: { name: 'thread.tid', needed: true },
  /** Start of the *thread*, ns since the epoch; of the process only where thread and pid are the same. */
  start: { name: 'proc.pid.ts', needed: true },
  parentPid: { name: 'proc.ppid' },
  /** Start of the parent's thread that forked. */
  parentStart: { name: 'proc.ppid.ts' },
  exe: { name: 'proc.exepath', needed: true },
  parentExe: { name: 'proc.pexepath' },
  /** First argument. */
  argv0: { name: 'proc.exe' },
  /** Name of the task, 15 bytes, as the process may set it: never trusted for more than cutting the command line. */
  comm: { name: 'proc.name' },
  /** Task name and all further arguments, joined by spaces. Argument i alone is `proc.args[i]`, since 0.41. */
  commandLine: { name: 'proc.cmdline' },
  cwd: { name: 'proc.cwd' },
  environment: { name: 'proc.env' },
  fromMemory: { name: 'proc.is_exe_from_memfd' },
  fromUpper: { name: 'proc.is_exe_upper_layer' },
  fileName: { name: 'fd.name' },
  /** f file, d directory, 4 and 6 sockets, u unix socket. */
  fileType: { name: 'fd.typechar' },
  fileUpper: { name: 'fd.is_upper_layer' },
  path: { name: 'fs.path.name' },
  pathFrom: { name: 'fs.path.source' },
  pathTo: { name: 'fs.path.target' },
  transport: { name: 'fd.l4proto' },
  // `fd.lip` and `fd.rip` are swapped in 0.43.1 for most connections between containers; client and server are right.
  clientAddress: { name: 'fd.cip' },
  clientPort: { name: 'fd.cport' },
  serverAddress: { name: 'fd.sip' },
  serverPort: { name: 'fd.sport' },
  containerFullId: { name: 'container.full_id' },
  /** Twelve hex digits; `host` for none. */
  containerId: { name: 'container.id' },
  containerName: { name: 'container.name' },
  image: { name: 'container.image.repository' },
  digest: { name: 'container.image.digest' },
  namespace: { name: 'k8s.ns.name' },
  pod: { name: 'k8s.pod.name' },
  /** Where there is no container plugin (0.41 and later), the cgroup still tells pod and container. */
  cgroup: { name: 'thread.cgroup.cpu' },
  cgroups: { name: 'thread.cgroups' },
  /** Since the last alert of this kind. */
  droppedEvents: { name: 'n_drops' },
  /** Since Falco started, in its metrics as alerts (`metrics.output_rule`). */
  kernelDrops: { name: 'scap.n_drops' },
  queueDrops: { name: 'falco.outputs_queue_num_drops' },
} as const satisfies Record<string, { readonly name: string; readonly needed?: true }>;

export type FalcoField = keyof typeof falcoFields;
