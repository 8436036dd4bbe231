import { codeOperands } from './code-operands.ts';
import type { Program } from './fingerprint.ts';
import { baseName } from './program.ts';

/** What kind of tool a program is, by the name of its executable: what an intruder finds in the container and loves. */
export type ToolKind =
  | 'shell'
  | 'interpreter'
  | 'package-manager'
  | 'download-tool'
  | 'remote-control'
  | 'steerable'
  | 'privilege-tool';

const kinds: readonly (readonly [ToolKind, RegExp])[] = [
  // With version and variant too: a name is all that a list of names goes by, so it should be hard to slip past.
  [
    'shell',
    /^-?(?:(?:r?ba|da|a|z|r?k|mk|lk|pdk|oks|c|tc|fi|ya|po|sa|hu|o|xon)?sh|pwsh|elvish|static-sh)(?:[\d.]+|-static|\.distrib|\.real)?$/i,
  ],
  [
    'interpreter',
    /^(?:python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|deno|bun|php[\d.]*(?:-fpm)?|lua[\d.]*|luajit|tclsh[\d.]*|expect|[gm]?awk|Rscript|guile|java)$/,
  ],
  [
    'package-manager',
    /^(?:apt|apt-get|apt-key|aptitude|dpkg|rpm|dnf|microdnf|yum|zypper|apk|pacman|opkg|snap|flatpak|pip[\d.]*|pipx|uv|conda|npm|npx|yarn|pnpm|gem|bundle|cpan|cargo|go|composer|helm)$/,
  ],
  ['download-tool', /^(?:curl|wget|wget2|aria2c|fetch|lynx|links|ftp|tftp|lftp|rsync|rclone|aws|gsutil)$/],
  [
    'remote-control',
    /^(?:ssh|sshd|scp|sftp|dropbear|telnet|telnetd|rsh|nc|ncat|netcat|nc\.\w+|socat|docker|dockerd|podman|nerdctl|ctr|crictl|runc|crun|buildah|skopeo|kubectl|oc|gdb|gdbserver|lldb|strace|ltrace|perf|bpftrace|bpftool|nsenter|tcpdump|nmap|masscan|chisel|frpc|ngrok|tmux|screen)$/,
  ],
  [
    'steerable',
    /^(?:redis-server|valkey-server|keydb-server|redis-sentinel|memcached|etcd|consul|mongod|mysqld|mariadbd|postgres|java|jshell|jupyter.*|erl|beam\.smp)$/,
  ],
  [
    'privilege-tool',
    /^(?:su|sudo|doas|pkexec|runuser|gosu|su-exec|setpriv|capsh|setcap|mount|umount|fusermount3?|newuidmap|newgidmap|newgrp|passwd|chpasswd|chsh|usermod|useradd|insmod|modprobe|rmmod|unshare|chroot|pivot_root)$/,
  ],
];

/** Programs in one file: the first argument says which one runs. */
const multiCall = /^(?:busybox|toybox|coreutils)$/;

/** Names a program runs under: its executable's, or the applets it was started as. */
function namesOf(p: Program): readonly string[] {
  const own = baseName(p.exe);
  if (!multiCall.test(own)) return [own];
  return [...new Set(p.args.map(appletOf))];
}

/** Called by its own name, the program takes the applet's from the next argument. */
function appletOf(args: readonly string[]): string {
  const name = baseName(args[0] ?? '');
  return multiCall.test(name) && args.length > 1 ? baseName(args[1] ?? '') : name;
}

export function toolKindsOf(p: Program): ReadonlySet<ToolKind> {
  const names = namesOf(p);
  return new Set(kinds.filter(([, form]) => names.some((n) => form.test(n))).map(([kind]) => kind));
}

/** Java that opens a door for whoever knows the port: management or debugger. */
export function opensJavaDoor(args: readonly string[]): boolean {
  return args.some((arg) => /^-Dcom\.sun\.management\.jmxremote|^-(?:agentlib:|X?runj?)dwp|jdwp/.test(arg));
}

/** The argument vectors of a shell or interpreter that name no code: it takes it from its input or from a person. */
export function openVectors(p: Program): readonly (readonly string[])[] {
  const tools = toolKindsOf(p);
  if (!tools.has('shell') && !tools.has('interpreter')) return [];
  return p.args.filter((args) => takesCode(args));
}

function takesCode(args: readonly string[]): boolean {
  const name = baseName(args[0] ?? '').replace(/^-/, '');
  const rest = args.slice(1);
  // Asked for its version or for help, it runs nothing.
  if (rest.some((arg) => /^--?(?:version|help|V|showversion)$/.test(arg))) return false;
  if (rest.some((arg) => /^-[A-Za-z]*[is]$/.test(arg)) && isShellName(name)) return true;
  return codeOperands([name, ...rest]).size === 0 && !rest.some((arg) => arg.startsWith('-m'));
}

export function isShellName(name: string): boolean {
  return kinds[0]?.[1].test(name) === true;
}

/** Loader variables that put code into every program that is started; the others steer one interpreter. */
export function isPreload(hook: string): boolean {
  return /^(?:LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|DYLD_)/.test(hook);
}

/** Where clouds hand out credentials to whoever asks from inside. */
export function isMetadataPeer(peer: string): boolean {
  return /^(?:169\.254\.169\.254|169\.254\.170\.2|fd00:ec2::254|metadata\.google\.internal|100\.100\.100\.200)$/.test(
    peer,
  );
}

/** Capabilities that are root on the node, or as good as. */
export function isGraveCapability(detail: string | undefined): boolean {
  return (
    detail === undefined ||
    /^(?:CAP_)?(?:SYS_ADMIN|SYS_PTRACE|SYS_MODULE|SYS_RAWIO|SYS_BOOT|DAC_READ_SEARCH|DAC_OVERRIDE|BPF|PERFMON|MAC_ADMIN|NET_ADMIN|SETUID|SETGID|SETPCAP|MKNOD)$/i.test(
      detail,
    )
  );
}

/** A socket that starts containers, or a file of the kernel that starts programs, as a peer. */
export function isRuntimeSocket(path: string): boolean {
  return /\/(?:docker|podman|crio|containerd|cri-dockerd|frakti|dockershim|buildkitd)\.sock(?:\.ttrpc)?$|\/run\/containerd\/.*\.sock/.test(
    path,
  );
}

/** A DNS name that a program may vary: what leaves in its labels nobody counts. */
export function isVariedName(name: string): boolean {
  return /\{(?!site:)/.test(name) && !/(?:in-addr\.arpa|ip6\.arpa|\.cluster\.local|\.svc)$/.test(name);
}
