/* Opens at their result, executable mappings, and what changes the tree. All from the exit of the system call. */
#define FMODE_WRITE 2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
/* Bit 25 in Linux 6.5, 24 from 6.13 on, where 25 means something else: one of the two is only a hint. */
#define FMODE_MAYBE_BACKING 0x3000000
#define OVERLAYFS_MAGIC 0x794c7630
#define VM_EXEC 4
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define READ_IMPLIES_EXEC 0x400000
#define AT_FDCWD -100

/* The directory a name is relative to; for an absolute name the root it was looked up in (of a chroot: not "/"). */
static __always_inline void put_base(u32 slot, struct task_struct *t, u64 name, s32 dfd, u32 tag) {
  char first = 0;
  bpf_probe_read_user(&first, 1, (void *)name);
  if (first == '/') put_dir(slot, t, root, tag);
  else if (dfd == AT_FDCWD) put_dir(slot, t, pwd, tag);
  else {
    struct file *f = (void *)fd_file(t, dfd);
    put_path(slot, (u64)BPF_CORE_READ(f, f_path.dentry), (u64)BPF_CORE_READ(f, f_path.mnt), tag);
  }
}

static __always_inline void put_name(u32 slot, struct task_struct *t, u64 name, s32 dfd, u32 base_tag) {
  put_base(slot, t, name, dfd, base_tag);
  put_user_str(slot, name, base_tag + 1);
}

/* An open file, by whatever way it was opened. `asked` = flags of the call: O_TRUNC is not kept in the file. */
static __always_inline int opened(struct task_struct *t, u64 file, u32 asked, u32 flags) {
  u64 now = bpf_ktime_get_boot_ns(), cg = cgroup_of(t);
  struct file *f = (void *)file;
  u32 mode = BPF_CORE_READ(f, f_mode);
  if (mode & FMODE_PATH) return 0; /* a handle on a name: nothing can be read through it */
  if (!may(cg, mode & (FMODE_WRITE | FMODE_CREATED) ? C_WRITE : C_OPEN, now)) return 0;
  struct scratch *s = begin(S_TASK, R_OPEN, t, now);
  if (!s) return 0;
  s->r.flags = flags;
  s->r.a = BPF_CORE_READ(f, f_flags);
  s->r.b = asked;
  put_file_of(s, S_TASK, file);
  if (mode & FMODE_CREATED) s->facts |= FACT_CREATED;
  submit(s, 2, false);
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_open, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  load_args(&a, regs, t);
  u64 cg = cgroup_of(t);
  u32 asked = 0, fl = a.compat ? F_COMPAT : 0;
  u64 name = a.v[1];
  s32 dfd = a.v[0];
  switch (a.op) {
    case OP_OPEN: name = a.v[0]; asked = a.v[1]; dfd = AT_FDCWD; break;
    case OP_CREAT: name = a.v[0]; asked = 01000; dfd = AT_FDCWD; break;
    case OP_OPENAT: asked = a.v[2]; break;
    case OP_OPENAT2: bpf_probe_read_user(&asked, 4, (void *)a.v[2]); break;
    case OP_OPEN_HANDLE: name = 0; asked = a.v[2]; break;
  }
  if (ret >= 0) {
    u64 f = fd_file(t, ret);
    return f ? opened(t, f, asked, fl) : 0;
  }
  u64 now = bpf_ktime_get_boot_ns();
  if (!name || ret < -4095 || !may(cg, C_FAILED, now)) return 0;
  struct scratch *s = begin(S_TASK, R_OPEN, t, now);
  if (!s) return 0;
  s->r.flags = fl;
  s->r.error = -ret;
  s->r.a = s->r.b = asked;
  put_name(S_TASK, t, name, dfd, T_BASE);
  submit(s, 2, false);
  return 0;
}

struct mapped { u64 dentry, mnt; u32 exec; };
static long on_vma(struct task_struct *t, struct vm_area_struct *vma, struct mapped *m) {
  struct file *f = vma->vm_file;
  if (!f || !(vma->vm_flags & VM_EXEC)) return 0;
  m->exec = 1;
  m->dentry = (u64)BPF_CORE_READ(f, f_path.dentry);
  m->mnt = (u64)BPF_CORE_READ(f, f_path.mnt);
  /* overlayfs maps the file of the layer; the one the program opened stands beside it. */
  if (!bpf_core_type_exists(struct backing_file) || !(BPF_CORE_READ(f, f_mode) & FMODE_MAYBE_BACKING)) return 0;
  struct backing_file *b = (void *)f;
  if (BPF_CORE_READ(b, user_path.dentry, d_sb, s_magic) != OVERLAYFS_MAGIC) return 0;
  m->dentry = (u64)BPF_CORE_READ(b, user_path.dentry);
  m->mnt = (u64)BPF_CORE_READ(b, user_path.mnt);
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_map, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  load_args(&a, regs, t);
  struct mapped m = {};
  u64 at = a.op == OP_MPROTECT ? a.v[0] : (u64)ret;
  if (a.compat) at = (u32)at;
  u64 now = bpf_ktime_get_boot_ns();
  if (bpf_core_enum_value_exists(enum bpf_func_id___w, BPF_FUNC_find_vma)) {
    bpf_find_vma(t, at, on_vma, &m, 0);
  } else if (a.op == OP_MMAP) {
    struct file *f = (void *)fd_file(t, a.v[4]);
    m.exec = f != 0;
    m.dentry = (u64)BPF_CORE_READ(f, f_path.dentry);
    m.mnt = (u64)BPF_CORE_READ(f, f_path.mnt);
  }
  if (!m.exec || !may(cgroup_of(t), C_LOAD, now)) return 0;
  struct scratch *s = begin(S_TASK, R_LOAD, t, now);
  if (!s) return 0;
  if (a.compat) s->r.flags = F_COMPAT;
  put_file(s, S_TASK, m.dentry, m.mnt);
  submit(s, 1, false);
  return 0;
}

struct change_spec { u32 type, what; s32 dfd, dfd2; u64 name, name2; s32 fd; };

static __always_inline void change_spec(struct args *a, struct change_spec *c) {
  c->type = R_CHANGE; c->what = 0; c->dfd = c->dfd2 = AT_FDCWD; c->name = a->v[0]; c->name2 = 0; c->fd = -1;
  switch (a->op) {
    case OP_UNLINK: c->type = R_DELETE; break;
    case OP_UNLINKAT: c->type = R_DELETE; c->dfd = a->v[0]; c->name = a->v[1]; break;
    case OP_RENAME: c->type = R_RENAME; c->name2 = a->v[1]; break;
    case OP_RENAMEAT: c->type = R_RENAME; c->dfd = a->v[0]; c->name = a->v[1]; c->dfd2 = a->v[2]; c->name2 = a->v[3]; break;
    case OP_LINK: c->type = R_LINK; c->name2 = a->v[1]; break;
    case OP_LINKAT: c->type = R_LINK; c->dfd = a->v[0]; c->name = a->v[1]; c->dfd2 = a->v[2]; c->name2 = a->v[3]; break;
    case OP_SYMLINK: c->type = R_LINK; c->what = 1; c->name2 = a->v[1]; break;
    case OP_SYMLINKAT: c->type = R_LINK; c->what = 1; c->dfd2 = a->v[1]; c->name2 = a->v[2]; break;
    case OP_CHMOD: c->what = CH_CHMOD; break;
    case OP_FCHMODAT: c->what = CH_CHMOD; c->dfd = a->v[0]; c->name = a->v[1]; break;
    case OP_FCHMOD: c->what = CH_CHMOD; c->fd = a->v[0]; break;
    case OP_CHOWN: c->what = CH_CHOWN; break;
    case OP_FCHOWNAT: c->what = CH_CHOWN; c->dfd = a->v[0]; c->name = a->v[1]; break;
    case OP_FCHOWN: c->what = CH_CHOWN; c->fd = a->v[0]; break;
    case OP_TRUNCATE: c->what = CH_TRUNCATE; break;
    case OP_MKDIR: c->what = CH_MKDIR; break;
    case OP_MKDIRAT: c->what = CH_MKDIR; c->dfd = a->v[0]; c->name = a->v[1]; break;
    case OP_MKNOD: c->what = CH_MKNOD; break;
    case OP_MKNODAT: c->what = CH_MKNOD; c->dfd = a->v[0]; c->name = a->v[1]; break;
  }
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_file, struct pt_regs *regs, long ret) {
  if (ret < 0) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  load_args(&a, regs, t);
  struct change_spec c;
  change_spec(&a, &c);
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cgroup_of(t), C_FILE, now)) return 0;
  struct scratch *s = begin(S_TASK, c.type, t, now);
  if (!s) return 0;
  if (a.compat) s->r.flags = F_COMPAT;
  s->r.a = c.what;
  if (c.fd >= 0) put_file_of(s, S_TASK, fd_file(t, c.fd));
  else put_name(S_TASK, t, c.name, c.dfd, T_BASE);
  if (c.name2) put_name(S_TASK, t, c.name2, c.dfd2, T_BASE2);
  submit(s, 1, false);
  return 0;
}
