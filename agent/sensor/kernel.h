/*
 * The few kernel structures the sensor reads, as CO-RE flavours: libbpf relocates every field to the running kernel,
 * so no vmlinux.h is generated and the object built on one kernel runs on another.
 */
#ifndef KERNEL_H
#define KERNEL_H

typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long long __s64;
typedef __u16 __be16; typedef __u32 __be32; typedef __u32 __wsum; typedef __u16 __sum16;
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64; typedef __s32 s32; typedef __s64 s64;
typedef _Bool bool;
enum { false, true };

enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_PROG_ARRAY = 3, BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };
/* A fallback name for the CO-RE question "has this kernel the helper": values are the kernel's own. */
enum bpf_func_id___w { BPF_FUNC_task_pt_regs = 175, BPF_FUNC_find_vma = 180 };
struct user_namespace;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs { unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip; };
struct thread_info { unsigned long flags; u32 status; };
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs { u64 regs[31]; u64 sp, pc, pstate, orig_x0; s32 syscallno; };
struct thread_info { unsigned long flags; };
#else
#error "the sensor knows x86-64 and arm64"
#endif

struct qstr { const unsigned char *name; };
struct super_block { unsigned long s_flags, s_magic; };
struct inode { unsigned short i_mode; unsigned int i_nlink; struct super_block *i_sb; };
struct dentry { struct dentry *d_parent; struct qstr d_name; struct inode *d_inode; struct super_block *d_sb; };
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file { unsigned int f_mode; unsigned int f_flags; void *private_data; struct inode *f_inode; struct path f_path; };
struct backing_file { struct path user_path; };
struct ovl_inode { struct inode vfs_inode; struct dentry *__upperdentry; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };
struct ns_common { unsigned int inum; };
struct mnt_namespace { struct ns_common ns; };
struct nsproxy { struct mnt_namespace *mnt_ns; };
struct kernfs_node { u64 id; };
struct cgroup_root { int hierarchy_id; };
struct cgroup { struct kernfs_node *kn; struct cgroup_root *root; };
struct css_set { struct cgroup *dfl_cgrp; };
struct mm_struct { unsigned long arg_start, arg_end, env_start, env_end; struct file *exe_file; };
typedef struct { int counter; } atomic_t;
struct signal_struct { atomic_t live; int group_exit_code; unsigned int flags; };
struct cred;
struct task_struct {
  struct thread_info thread_info;
  unsigned int flags, personality;
  int pid, tgid, exit_code;
  struct task_struct *real_parent, *group_leader;
  u64 start_boottime;
  u64 self_exec_id;
  struct mm_struct *mm;
  struct fs_struct *fs;
  struct files_struct *files;
  struct nsproxy *nsproxy;
  struct signal_struct *signal;
  struct css_set *cgroups;
  const struct cred *real_cred;
};
struct module { char name[56]; };
struct linux_binprm { struct file *file; const char *filename, *interp; };
struct vm_area_struct { unsigned long vm_flags; struct file *vm_file; };

struct in6_addr { unsigned char b[16]; };
struct sock_common {
  __be32 skc_daddr, skc_rcv_saddr; __be16 skc_dport; u16 skc_num; unsigned short skc_family; volatile unsigned char skc_state;
  struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; u16 sk_type, sk_protocol; int sk_err; };
struct socket { short type; struct sock *sk; };
struct unix_address { int len; };
struct unix_sock { struct unix_address *addr; struct path path; struct sock *peer; };

struct filename { const char *name; };
struct io_rsrc_node { unsigned long file_ptr; };
struct io_rsrc_data { unsigned int nr; struct io_rsrc_node **nodes; };
struct io_file_table { struct io_rsrc_data data; };
struct io_ring_ctx { struct io_file_table file_table; };
struct io_kiocb { u8 opcode; void *async_data; struct io_ring_ctx *ctx; struct file *file; };
struct io_uring_cqe { s32 res; };
struct io_open { int dfd; u32 file_slot; struct filename *filename; };
struct io_unlink { int dfd; struct filename *filename; };
struct io_rename { int old_dfd, new_dfd; struct filename *oldpath, *newpath; };
struct io_link { int old_dfd, new_dfd; struct filename *oldpath, *newpath; };
struct io_mkdir { int dfd; struct filename *filename; };
struct kernel_sockaddr { u16 family; };
struct io_async_msghdr { struct kernel_sockaddr addr; };

struct seq_file { void *private; };
struct bpf_iter_meta { struct seq_file *seq; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };

#pragma clang attribute pop
#endif
