#include <sys/syscall.h>
#include "sensor.h"

struct entry { int nr; unsigned char op; };

static const struct entry native[] = {
#ifdef SYS_open
  {SYS_open, OP_OPEN}, {SYS_creat, OP_CREAT}, {SYS_unlink, OP_UNLINK}, {SYS_rmdir, OP_UNLINK}, {SYS_rename, OP_RENAME},
  {SYS_link, OP_LINK}, {SYS_symlink, OP_SYMLINK}, {SYS_chmod, OP_CHMOD}, {SYS_chown, OP_CHOWN}, {SYS_lchown, OP_CHOWN},
  {SYS_mkdir, OP_MKDIR}, {SYS_mknod, OP_MKNOD},
#endif
#ifdef SYS_renameat
  {SYS_renameat, OP_RENAMEAT},
#endif
  {SYS_openat, OP_OPENAT}, {437, OP_OPENAT2}, {SYS_open_by_handle_at, OP_OPEN_HANDLE},
  {SYS_mmap, OP_MMAP}, {SYS_mprotect, OP_MPROTECT}, {SYS_pkey_mprotect, OP_MPROTECT},
  {SYS_unlinkat, OP_UNLINKAT}, {SYS_renameat2, OP_RENAMEAT}, {SYS_linkat, OP_LINKAT}, {SYS_symlinkat, OP_SYMLINKAT},
  {SYS_fchmodat, OP_FCHMODAT}, {452, OP_FCHMODAT}, {SYS_fchmod, OP_FCHMOD}, {SYS_fchownat, OP_FCHOWNAT},
  {SYS_fchown, OP_FCHOWN}, {SYS_truncate, OP_TRUNCATE}, {SYS_mkdirat, OP_MKDIRAT}, {SYS_mknodat, OP_MKNODAT},
  {SYS_connect, OP_CONNECT}, {SYS_bind, OP_BIND}, {SYS_listen, OP_LISTEN}, {SYS_accept, OP_ACCEPT}, {SYS_accept4, OP_ACCEPT},
  {SYS_sendto, OP_SENDTO}, {SYS_sendmsg, OP_SENDMSG}, {SYS_sendmmsg, OP_SENDMMSG},
  {SYS_recvfrom, OP_RECVFROM}, {SYS_recvmsg, OP_RECVMSG}, {SYS_recvmmsg, OP_RECVMMSG},
  {SYS_read, OP_READ}, {SYS_readv, OP_READV}, {SYS_write, OP_WRITE}, {SYS_writev, OP_WRITEV},
  {SYS_ptrace, OP_PTRACE}, {SYS_memfd_create, OP_MEMFD}, {SYS_setns, OP_SETNS}, {SYS_unshare, OP_UNSHARE},
  {SYS_clone, OP_CLONE}, {435, OP_CLONE3}, {SYS_mount, OP_MOUNT}, {432, OP_FSMOUNT}, {429, OP_MOVE_MOUNT},
  {SYS_chroot, OP_CHROOT}, {SYS_pivot_root, OP_PIVOT}, {SYS_bpf, OP_BPF}, {425, OP_URING_SETUP},
  {SYS_init_module, OP_INIT_MODULE}, {SYS_finit_module, OP_FINIT_MODULE},
  {SYS_process_vm_readv, OP_VM_READ}, {SYS_process_vm_writev, OP_VM_WRITE}, {438, OP_PIDFD_GETFD},
  {SYS_kexec_load, OP_KEXEC}, {SYS_execve, OP_EXECVE}, {SYS_execveat, OP_EXECVEAT},
};

/* i386 numbers (arch/x86/entry/syscalls/syscall_32.tbl); 32-bit ARM differs in few but is not told apart: none there. */
static const struct entry compat[] = {
#ifdef __x86_64__
  {5, OP_OPEN}, {8, OP_CREAT}, {295, OP_OPENAT}, {437, OP_OPENAT2}, {342, OP_OPEN_HANDLE},
  {192, OP_MMAP}, {90, OP_OLD_MMAP}, {125, OP_MPROTECT}, {380, OP_MPROTECT},
  {10, OP_UNLINK}, {40, OP_UNLINK}, {301, OP_UNLINKAT}, {38, OP_RENAME}, {302, OP_RENAMEAT}, {353, OP_RENAMEAT},
  {9, OP_LINK}, {303, OP_LINKAT}, {83, OP_SYMLINK}, {304, OP_SYMLINKAT}, {15, OP_CHMOD}, {306, OP_FCHMODAT}, {452, OP_FCHMODAT},
  {94, OP_FCHMOD}, {182, OP_CHOWN}, {212, OP_CHOWN}, {16, OP_CHOWN}, {198, OP_CHOWN}, {298, OP_FCHOWNAT}, {95, OP_FCHOWN},
  {207, OP_FCHOWN}, {92, OP_TRUNCATE}, {39, OP_MKDIR}, {296, OP_MKDIRAT}, {14, OP_MKNOD}, {297, OP_MKNODAT},
  {102, OP_SOCKETCALL}, {362, OP_CONNECT}, {361, OP_BIND}, {363, OP_LISTEN}, {364, OP_ACCEPT}, {369, OP_SENDTO},
  {370, OP_SENDMSG}, {345, OP_SENDMMSG}, {371, OP_RECVFROM}, {372, OP_RECVMSG}, {337, OP_RECVMMSG}, {417, OP_RECVMMSG},
  {3, OP_READ}, {145, OP_READV}, {4, OP_WRITE}, {146, OP_WRITEV},
  {26, OP_PTRACE}, {356, OP_MEMFD}, {346, OP_SETNS}, {310, OP_UNSHARE}, {120, OP_CLONE}, {435, OP_CLONE3}, {21, OP_MOUNT},
  {432, OP_FSMOUNT}, {429, OP_MOVE_MOUNT}, {61, OP_CHROOT}, {217, OP_PIVOT}, {357, OP_BPF}, {425, OP_URING_SETUP},
  {128, OP_INIT_MODULE}, {350, OP_FINIT_MODULE}, {347, OP_VM_READ}, {348, OP_VM_WRITE},
  {438, OP_PIDFD_GETFD}, {283, OP_KEXEC}, {11, OP_EXECVE}, {358, OP_EXECVEAT},
#else
  {-1, 0},
#endif
};

/* Calls that are made for what a capability allows, where the kernel asks for the capability in others too (whorl.h). */
#define A_SOCKET (A_SYS_ADMIN | A_NET_ADMIN)
static const struct entry asked[] = {
  {SYS_mount, A_SYS_ADMIN}, {SYS_umount2, A_SYS_ADMIN}, {SYS_pivot_root, A_SYS_ADMIN}, {SYS_setns, A_SYS_ADMIN},
  {SYS_unshare, A_SYS_ADMIN}, {428, A_SYS_ADMIN}, {429, A_SYS_ADMIN}, {430, A_SYS_ADMIN}, {431, A_SYS_ADMIN}, {432, A_SYS_ADMIN},
  {433, A_SYS_ADMIN}, {442, A_SYS_ADMIN}, /* open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr */
  {SYS_sethostname, A_SYS_ADMIN}, {SYS_setdomainname, A_SYS_ADMIN}, {SYS_swapon, A_SYS_ADMIN}, {SYS_swapoff, A_SYS_ADMIN},
  {SYS_quotactl, A_SYS_ADMIN}, {443, A_SYS_ADMIN}, {SYS_bpf, A_SYS_ADMIN | A_NET_ADMIN}, {SYS_perf_event_open, A_SYS_ADMIN | A_SYS_PTRACE},
  {SYS_fanotify_init, A_SYS_ADMIN}, {SYS_fanotify_mark, A_SYS_ADMIN}, {SYS_setxattr, A_SYS_ADMIN}, {SYS_lsetxattr, A_SYS_ADMIN},
  {SYS_fsetxattr, A_SYS_ADMIN}, {SYS_removexattr, A_SYS_ADMIN}, {SYS_lremovexattr, A_SYS_ADMIN}, {SYS_fremovexattr, A_SYS_ADMIN},
  {SYS_keyctl, A_SYS_ADMIN}, {SYS_seccomp, A_SYS_ADMIN}, {SYS_prctl, A_SYS_ADMIN | A_SYS_RESOURCE | A_SYS_PTRACE},
  {SYS_syslog, A_SYS_ADMIN | A_SYSLOG}, {SYS_ioctl, A_SOCKET | A_SYS_RESOURCE}, {SYS_fcntl, A_SYS_RESOURCE},
  {SYS_prlimit64, A_SYS_RESOURCE}, {SYS_setrlimit, A_SYS_RESOURCE}, {SYS_mq_open, A_SYS_RESOURCE}, {SYS_msgctl, A_SYS_ADMIN | A_SYS_RESOURCE},
  {SYS_semctl, A_SYS_ADMIN}, {SYS_shmctl, A_SYS_ADMIN},
  {SYS_socket, A_SOCKET}, {SYS_bind, A_SOCKET}, {SYS_setsockopt, A_SOCKET}, {SYS_sendto, A_SOCKET}, {SYS_sendmsg, A_SOCKET},
  {SYS_sendmmsg, A_SOCKET}, {426, A_SOCKET}, /* io_uring_enter */
  {SYS_ptrace, A_SYS_PTRACE}, {SYS_process_vm_readv, A_SYS_PTRACE}, {SYS_process_vm_writev, A_SYS_PTRACE}, {438, A_SYS_PTRACE},
  {SYS_kcmp, A_SYS_PTRACE}, {440, A_SYS_PTRACE}, {448, A_SYS_PTRACE}, {SYS_move_pages, A_SYS_PTRACE}, {SYS_migrate_pages, A_SYS_PTRACE},
  {SYS_get_robust_list, A_SYS_PTRACE},
};
static const struct entry asked_compat[] = {
#ifdef __x86_64__
  {21, A_SYS_ADMIN}, {22, A_SYS_ADMIN}, {52, A_SYS_ADMIN}, {217, A_SYS_ADMIN}, {346, A_SYS_ADMIN}, {310, A_SYS_ADMIN},
  {428, A_SYS_ADMIN}, {429, A_SYS_ADMIN}, {430, A_SYS_ADMIN}, {431, A_SYS_ADMIN}, {432, A_SYS_ADMIN}, {433, A_SYS_ADMIN}, {442, A_SYS_ADMIN},
  {74, A_SYS_ADMIN}, {121, A_SYS_ADMIN}, {357, A_SYS_ADMIN | A_NET_ADMIN}, {336, A_SYS_ADMIN | A_SYS_PTRACE}, {354, A_SYS_ADMIN},
  {172, A_SYS_ADMIN | A_SYS_RESOURCE | A_SYS_PTRACE}, {103, A_SYS_ADMIN | A_SYSLOG}, {54, A_SOCKET | A_SYS_RESOURCE},
  {340, A_SYS_RESOURCE}, {75, A_SYS_RESOURCE}, {102, A_SOCKET}, {359, A_SOCKET}, {361, A_SOCKET}, {366, A_SOCKET}, {369, A_SOCKET},
  {370, A_SOCKET}, {345, A_SOCKET}, {26, A_SYS_PTRACE}, {347, A_SYS_PTRACE}, {348, A_SYS_PTRACE}, {438, A_SYS_PTRACE},
#else
  {-1, 0},
#endif
};

static void fill(unsigned char *table, const struct entry *e, size_t n) {
  for (size_t i = 0; i < n; i++) if (e[i].nr >= 0 && e[i].nr < MAX_NR) table[e[i].nr] = e[i].op;
}

void fill_system_calls(struct config *c) {
  fill(c->native, native, sizeof native / sizeof *native);
  fill(c->compat, compat, sizeof compat / sizeof *compat);
  fill(c->asked, asked, sizeof asked / sizeof *asked);
  fill(c->asked_compat, asked_compat, sizeof asked_compat / sizeof *asked_compat);
}
