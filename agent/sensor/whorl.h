/* The record format and the numbers both sides of the kernel border share. Described in README.md. */
#ifndef WHORL_H
#define WHORL_H

#define WHORL_VERSION 1

enum record_type {
  R_HELLO = 1, R_READY, R_GAP, R_STATS,
  R_EXEC = 10, R_FORK, R_EXIT,
  R_OPEN = 20, R_LOAD, R_DELETE, R_RENAME, R_LINK, R_CHANGE,
  R_CONNECT = 30, R_LISTEN, R_ACCEPT, R_DNS,
  R_PRIVILEGE = 40,
  R_CGROUP = 50, R_ATTACH,
};

enum record_flag {
  F_TRUNCATED = 1,   /* a string was cut */
  F_FOUND = 2,       /* by a sweep, not as it happened */
  F_COMPAT = 4,      /* through the 32-bit system call entry */
  F_URING = 8,       /* through io_uring */
};

/* What the kernel knows of the file; the origin is decided from it in user space. */
enum file_fact {
  FACT_ROOT_MOUNT = 1,   /* on the mount that is the root of the process's mount namespace */
  FACT_OVERLAY = 2,
  FACT_UPPER = 4,        /* overlay: has an upper-layer inode */
  FACT_TMPFS = 8,
  FACT_KERNEL_MOUNT = 16,/* memfd, shm: no path leads there */
  FACT_UNLINKED = 32,
  FACT_HOST_NS = 64,     /* the process lives in the mount namespace of pid 1 */
  FACT_LAYER_UNKNOWN = 128, /* overlay whose inode layout this kernel does not tell */
  FACT_CREATED = 256,
  FACT_TYPE_SHIFT = 12,  /* i_mode >> 12 */
};

enum field_tag {
  T_PATH = 1,   /* resolved: components leaf to root, each ended by NUL */
  T_BASE,       /* resolved directory the next T_NAME is relative to (for an absolute name: the root it was looked up in) */
  T_NAME,       /* as the program wrote it */
  T_BASE2, T_NAME2,
  T_ARGS,       /* NUL between */
  T_CWD,
  T_ADDRESS,    /* 4 or 16 bytes */
  T_UNIX,       /* sun_path as given or bound; leading NUL = abstract */
  T_PAYLOAD,
  T_TEXT,
  T_HOOK,       /* first byte 1 = attached, rest its name */
};

enum change { CH_CHMOD = 1, CH_CHOWN, CH_TRUNCATE, CH_MKDIR, CH_MKNOD };

enum transport { TR_TCP = 1, TR_UDP, TR_UNIX, TR_RAW, TR_ICMP };

enum via { VIA_NONE, VIA_FASTOPEN, VIA_URING, VIA_SENDTO, VIA_SENDMSG };

enum privilege_code {
  PV_PTRACE = 1, PV_MEMFD, PV_SETNS, PV_UNSHARE, PV_MOUNT, PV_CHROOT, PV_BPF, PV_URING, PV_COMPAT, PV_MODULE,
  PV_VM_READ, PV_VM_WRITE, PV_PIDFD_GETFD, PV_FSMOUNT, PV_MOVE_MOUNT, PV_PIVOT, PV_CLONE, PV_KEXEC, PV_X32,
  PV_MODULE_REQUEST, PV_CAPABILITY,
};

/* Names of loader and interpreter hooks looked for in the environment: bit = position, values are never read out. */
#define ENV_HOOKS(X) \
  X(0, "LD_PRELOAD=") X(1, "LD_LIBRARY_PATH=") X(2, "BASH_ENV=") X(3, "NODE_OPTIONS=") X(4, "PYTHONPATH=") \
  X(5, "JAVA_TOOL_OPTIONS=") X(6, "PERL5OPT=") X(7, "LD_AUDIT=") X(8, "PERL5LIB=") X(9, "RUBYOPT=") \
  X(10, "JDK_JAVA_OPTIONS=") X(11, "PYTHONSTARTUP=") X(12, "GCONV_PATH=") X(13, "PYTHONHOME=") X(14, "RUBYLIB=")
#define ENV_INCOMPLETE (1u << 31)

/* Why events were lost: the token bucket of a class was empty, a ring was full, or else. */
enum loss_class { C_OPEN, C_WRITE, C_FAILED, C_LOAD, C_FILE, C_NET, C_PRIVILEGE, C_ACCEPT,
  L_RING1 = 8, L_RING2 = 9, L_RECURSION = 10, L_FOUND = 11, C_CAPABILITY = 12, C_COUNT };

struct record {
  unsigned int len;            /* of the whole record */
  unsigned short type, flags;
  unsigned long long time;     /* ns since boot (incl. suspend) */
  unsigned long long cgroup;   /* v2 id */
  unsigned long long start;    /* of the process, ns since boot */
  unsigned long long pstart;
  unsigned int pid, ppid;      /* host pid namespace */
  int error;                   /* errno, 0 = done */
  unsigned int facts;
  unsigned long long a, b, c;  /* per type: README.md */
};

/* System calls: 3 bits of handler, 5 bits of case. Filled by the loader from this architecture's numbers. */
enum handler { H_NONE, H_OPEN, H_MAP, H_FILE, H_NET, H_DNS, H_PRIVILEGE, H_EXEC, H_COUNT };
#define OP(h, n) ((h) << 5 | (n))
enum op {
  OP_OPEN = OP(H_OPEN, 0), OP_OPENAT, OP_OPENAT2, OP_CREAT, OP_OPEN_HANDLE,
  OP_MMAP = OP(H_MAP, 0), OP_OLD_MMAP, OP_MPROTECT,
  OP_UNLINK = OP(H_FILE, 0), OP_UNLINKAT, OP_RENAME, OP_RENAMEAT, OP_LINK, OP_LINKAT, OP_SYMLINK, OP_SYMLINKAT,
  OP_CHMOD, OP_FCHMODAT, OP_FCHMOD, OP_CHOWN, OP_FCHOWNAT, OP_FCHOWN, OP_TRUNCATE, OP_MKDIR, OP_MKDIRAT, OP_MKNOD, OP_MKNODAT,
  OP_CONNECT = OP(H_NET, 0), OP_BIND, OP_LISTEN, OP_ACCEPT, OP_SENDTO, OP_SENDMSG, OP_SENDMMSG, OP_SOCKETCALL,
  OP_RECVFROM = OP(H_DNS, 0), OP_RECVMSG, OP_RECVMMSG, OP_READ, OP_READV, OP_WRITE, OP_WRITEV,
  OP_PTRACE = OP(H_PRIVILEGE, 0), OP_MEMFD, OP_SETNS, OP_UNSHARE, OP_CLONE, OP_CLONE3, OP_MOUNT, OP_FSMOUNT, OP_MOVE_MOUNT,
  OP_CHROOT, OP_PIVOT, OP_BPF, OP_URING_SETUP, OP_INIT_MODULE, OP_FINIT_MODULE, OP_VM_READ, OP_VM_WRITE,
  OP_PIDFD_GETFD, OP_KEXEC,
  OP_EXECVE = OP(H_EXEC, 0), OP_EXECVEAT,
};

/*
 * The kernel asks for these on the way as well, where the answer decides nothing that a program meant: on every allocation
 * (SYS_ADMIN, for the last reserve), every `ps` (SYS_PTRACE), on a full disk (SYS_RESOURCE), when /proc/sys/net is opened
 * (NET_ADMIN) or a list of addresses is read (SYSLOG). They count only in the calls that are made for them: bits of `asked`.
 */
enum asked { A_SYS_ADMIN = 1, A_SYS_PTRACE = 2, A_SYS_RESOURCE = 4, A_NET_ADMIN = 8, A_SYSLOG = 16 };
enum capability { CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_NET_ADMIN = 12, CAP_SYS_PTRACE = 19,
  CAP_SYS_ADMIN = 21, CAP_SYS_RESOURCE = 24, CAP_SYSLOG = 34 };
#define CAP_BIT(n) (1ull << (n))
/* Asked for whenever the files at hand belong to somebody else: what is done with them is told as such. */
#define CAPS_OF_OWNERSHIP (CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID))

#define MAX_NR 512
#define MAX_IGNORED 8

struct config {
  unsigned long long root_cgroup;   /* id of the v2 root */
  unsigned int self;                /* the loader: nothing of it is reported */
  unsigned int ignored[MAX_IGNORED];/* their files and sockets are not reported, their fork, exec and exit are */
  unsigned int host_files;
  unsigned int host_mnt_ns;
  unsigned int exit_tells_group;    /* sched_process_exit has the argument group_dead */
  unsigned int uring_results;       /* io_uring_complete is attached: opens are reported at their result */
  unsigned long long cost[C_COUNT];  /* ns per event: 1e9 / rate */
  unsigned long long burst[C_COUNT]; /* ns of credit: cost * burst */
  unsigned char native[MAX_NR];
  unsigned char compat[MAX_NR];
  unsigned char asked[MAX_NR];       /* enum asked, by number */
  unsigned char asked_compat[MAX_NR];
};

struct loss_key { unsigned long long cgroup; unsigned int reason, pad; };
struct loss { unsigned long long count; };

#endif
