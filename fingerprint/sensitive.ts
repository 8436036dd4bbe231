import type { Behaviour } from './behaviour.ts';
import type { Origin, Privilege } from './event.ts';
import { isNamedLikePattern } from './pattern-names.ts';

/** Raise when a row is added: a fingerprint says which list its entries were learned under. */
export const sensitiveVersion = 1;

/**
 * Files whose reading or writing gives away the workload or the node. They are never generalised, and no pattern
 * accepts one that was not itself observed. Paths as seen in the container and, for host paths, below any mount point.
 */
const sensitivePaths: readonly RegExp[] = [
  // accounts and their proofs
  /\/etc\/(shadow|gshadow|sudoers|master\.passwd)-?$/,
  /\/etc\/sudoers\.d\//,
  /\/etc\/security\/opasswd$/,
  /\/etc\/pam\.d\//,
  // private keys and client credentials
  /\/(id_rsa|id_dsa|id_ecdsa|id_ed25519)(_sk)?$/,
  /\/\.ssh\//,
  /\/etc\/ssh\/ssh_host_[^/]*_key$/,
  /\.(key|p12|pfx|jks|keystore|kdbx)$/,
  /(^|\/)[^/]*(private|priv)[-_.]?key[^/]*\.pem$/,
  /\/etc\/(ssl|pki)\/(tls\/)?private\//,
  /\/etc\/letsencrypt\/(live|archive)\/.*privkey[^/]*\.pem$/,
  /\/\.(aws|azure|gnupg|kube|docker|gcloud)\//,
  /\/\.config\/(gcloud|gh)\//,
  /\/\.(netrc|pgpass|git-credentials|npmrc|pypirc|my\.cnf|htpasswd|vault-token)$/,
  // Kubernetes
  /\/run\/secrets\//,
  /\/kubernetes\.io\/serviceaccount\//,
  /\/kube-api-access-[^/]*\//,
  /\/var\/lib\/kubelet\/(pki|config|.*\/(token|secrets?))(\/|$)/,
  /\/etc\/kubernetes\//,
  /\/etc\/rancher\//,
  // other processes and the kernel
  /\/proc\/[^/]+\/(task\/[^/]+\/)?(environ|mem|root|syscall|stack)(\/|$)/,
  /\/proc\/(kcore|kmem|kallsyms|kpage[a-z]*|sysrq-trigger|keys)$/,
  /\/proc\/sys\/kernel\/(core_pattern|modprobe|hotplug|usermodehelper\/.*|poweroff_cmd|randomize_va_space)$/,
  /\/proc\/sys\/(fs\/binfmt_misc|vm\/panic_on_oom)/,
  /\/dev\/(mem|kmem|port|kvm|sd[a-z]+\d*|vd[a-z]+\d*|nvme\d+[a-z\d]*|dm-\d+|mapper\/.*|bpf.*)$/,
  /\/sys\/(kernel\/(uevent_helper|security\/.*|debug\/.*|tracing\/.*)|firmware\/efi\/efivars\/.*|fs\/bpf\/.*)$/,
  /\/(release_agent|notify_on_release|uevent_helper)$/,
  // what runs code elsewhere
  /\/etc\/ld\.so\.(preload|conf)$/,
  /\/etc\/ld\.so\.conf\.d\//,
  /\/etc\/(crontab|anacrontab)$/,
  /\/etc\/cron\.[^/]+\//,
  /\/var\/spool\/cron\//,
  /\/etc\/(rc\.local|profile|bash\.bashrc|environment)$/,
  /\/etc\/(profile\.d|init\.d|systemd\/system|update-motd\.d)\//,
  /\/\.(bashrc|bash_profile|profile|zshrc|bash_history|zsh_history)$/,
  // runtimes: a socket that starts containers is root on the node
  /\/(docker|podman|crio|containerd|cri-dockerd|frakti)\.sock(\.ttrpc)?$/,
  /\/run\/containerd\/.*\.sock/,
];

/** One alternation: a path is tested on every open, and one pass of the engine costs less than forty. */
const sensitive = new RegExp(sensitivePaths.map((r) => `(?:${r.source})`).join('|'));

/** Whether reading, writing, linking or moving this file is judged by its exact name alone. */
export function isSensitivePath(path: string): boolean {
  return sensitive.test(path);
}

/** Devices without state: opening them says nothing about a workload, so they are neither learned nor judged. */
const freePaths: ReadonlySet<string> = new Set([
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  '/dev/stdin',
  '/dev/stdout',
  '/dev/stderr',
]);

export function isFree(b: Behaviour): boolean {
  return b.kind === 'open' && freePaths.has(b.path);
}

const foreignOrigins: ReadonlySet<Origin> = new Set(['upper', 'scratch', 'memory']);
const neverPrivileges: ReadonlySet<Privilege> = new Set([
  'setns',
  'unshare',
  'mount',
  'module-load',
  'bpf',
  'ptrace',
]);

/**
 * What no amount of watching makes normal, only approval by name (DESIGN §5): code from outside image and volumes,
 * ways out of the container, and programs a person started inside.
 */
export function neverLearnable(b: Behaviour): boolean {
  switch (b.kind) {
    case 'exec':
      return b.root === 'interactive' || isForeign(b.origin);
    case 'load':
      return isForeign(b.origin);
    case 'privilege':
      return neverPrivileges.has(b.privilege);
    case 'open':
    case 'link':
    case 'delete':
    case 'rename':
    case 'connect':
    case 'listen':
    case 'resolve':
      return false;
  }
}

function isForeign(origin: Origin | undefined): boolean {
  return origin !== undefined && foreignOrigins.has(origin);
}

/** Executables that exist in memory alone: what they do is never learned, even when their exec was missed. */
const inMemory = /^\/?(memfd:|dev\/shm\/)/;

/**
 * Whether learning may keep it. Narrower than `neverLearnable`: what an interactive session or a program in memory does
 * is not the workload's behaviour, each act alone telling so, so that splitting the events cannot change the answer.
 */
export function learnable(b: Behaviour): boolean {
  if (b.root === 'interactive' || b.lineage.some((exe) => inMemory.test(exe))) return false;
  return !neverLearnable(b) && !isFree(b) && !hidesSensitive(b) && !posesAsPattern(b);
}

/** Named as only patterns and parameters are: learned, it would grant what they grant. */
function posesAsPattern(b: Behaviour): boolean {
  switch (b.kind) {
    case 'load':
    case 'open':
    case 'delete':
      return isNamedLikePattern(b.path);
    case 'link':
      return isNamedLikePattern(b.path) || isNamedLikePattern(b.target);
    case 'rename':
      return isNamedLikePattern(b.path) || isNamedLikePattern(b.to);
    case 'connect':
      return isNamedLikePattern(b.peer);
    case 'resolve':
      return isNamedLikePattern(b.name);
    case 'exec':
    case 'listen':
    case 'privilege':
      return false;
  }
}

/** A sensitive file whose name was redacted has lost the exactness it must be judged with. */
function hidesSensitive(b: Behaviour): boolean {
  const paths = 'path' in b ? [b.path, 'to' in b ? b.to : '', 'target' in b ? b.target : ''] : [];
  return paths.some((path) => path.includes('{secret}') && isSensitivePath(path));
}
