/* Calls that change what a process may do or where it lives; also the ones refused. */
#define CLONE_NEW_ANY 0x7e020080 /* NEWTIME NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET */

static __always_inline struct scratch *privilege(struct task_struct *t, u32 code, long ret, bool compat) {
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cgroup_of(t), C_PRIVILEGE, now)) return 0;
  struct scratch *s = begin(S_TASK, R_PRIVILEGE, t, now);
  if (!s) return 0;
  if (compat) s->r.flags = F_COMPAT;
  s->r.a = code;
  s->r.error = ret < 0 && ret >= -4095 ? -ret : 0;
  return s;
}

__noinline int privilege_number(u32 code, long ret, u64 b) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct scratch *s = privilege(t, code, ret, is_compat(t));
  if (!s) return 0;
  s->r.b = b;
  submit(s, 1, true);
  return 0;
}

__noinline int privilege_text(u32 code, long ret, u64 text) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct scratch *s = privilege(t, code, ret, is_compat(t));
  if (!s) return 0;
  put_user_str(S_TASK, text, T_TEXT);
  submit(s, 1, true);
  return 0;
}

static __always_inline int privilege_mount(struct task_struct *t, struct args *a, long ret) {
  struct scratch *s = privilege(t, PV_MOUNT, ret, a->compat);
  if (!s) return 0;
  s->r.b = a->v[3];
  if (a->v[2]) put_user_str(S_TASK, a->v[2], T_TEXT);
  if (a->v[0]) put_user_str(S_TASK, a->v[0], T_NAME2);
  put_name(S_TASK, t, a->v[1], AT_FDCWD, T_BASE);
  submit(s, 1, true);
  return 0;
}

static __always_inline int privilege_chroot(struct task_struct *t, struct args *a, long ret, u32 code) {
  struct scratch *s = privilege(t, code, ret, a->compat);
  if (!s) return 0;
  if (ret >= 0 && code == PV_CHROOT) put_dir(S_TASK, t, root, T_PATH);
  else put_name(S_TASK, t, a->v[0], AT_FDCWD, T_BASE);
  submit(s, 1, true);
  return 0;
}

/* An image of a module in memory has its name only once the kernel took it: kept from there to the end of the call. */
struct module_name { u32 length; char text[64]; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 64); __type(key, u32); __type(value, struct module_name); } loading SEC(".maps");

SEC("tp_btf/module_load")
int BPF_PROG(on_module_load, struct module *m) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct module_name name = {};
  u32 tid = t->pid;
  long n = bpf_probe_read_kernel_str(name.text, sizeof name.text, m->name);
  name.length = n > 0 ? n - 1 : 0;
  bpf_map_update_elem(&loading, &tid, &name, BPF_ANY);
  return 0;
}

/* On behalf of whoever used what is not there: a family of sockets, a file system, a format of executables. */
SEC("tp_btf/module_request")
int BPF_PROG(on_module_request, char *name) {
  struct task_struct *t = bpf_get_current_task_btf();
  if (ignored(t->tgid) || t->flags & PF_KTHREAD) return 0;
  struct scratch *s = privilege(t, PV_MODULE_REQUEST, 0, is_compat(t));
  if (!s) return 0;
  put_kernel_str(S_TASK, ctx[0], T_TEXT);
  submit(s, 1, true);
  return 0;
}

static __always_inline int privilege_module(struct task_struct *t, bool compat, long ret) {
  u32 tid = t->pid;
  struct module_name *name = bpf_map_lookup_elem(&loading, &tid);
  struct scratch *s = privilege(t, PV_MODULE, ret, compat);
  if (s) {
    if (name) {
      __builtin_memcpy(s->data + 4, name->text, sizeof name->text);
      s->off = 4 + (name->length & 63);
      close_field(s, 0, T_TEXT);
    }
    submit(s, 1, true);
  }
  bpf_map_delete_elem(&loading, &tid);
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_privilege, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  load_args(&a, regs, t);
  switch (a.op) {
    case OP_PTRACE: /* the requests that begin a tracing; all others need one of them first */
      if (a.v[0] != 0 && a.v[0] != 16 && a.v[0] != 0x4206) return 0;
      return privilege_number(PV_PTRACE, ret, a.v[0]);
    case OP_VM_READ: return privilege_number(PV_VM_READ, ret, 0);
    case OP_VM_WRITE: return privilege_number(PV_VM_WRITE, ret, 0);
    case OP_PIDFD_GETFD: return privilege_number(PV_PIDFD_GETFD, ret, 0);
    case OP_MEMFD: return privilege_text(PV_MEMFD, ret, a.v[0]);
    case OP_SETNS: return privilege_number(PV_SETNS, ret, a.v[1]);
    case OP_UNSHARE: return a.v[0] & CLONE_NEW_ANY ? privilege_number(PV_UNSHARE, ret, a.v[0] & CLONE_NEW_ANY) : 0;
    case OP_CLONE: /* bit 7 is part of the exit signal here, not NEWTIME */
      return ret && a.v[0] & CLONE_NEW_ANY & ~0x80 ? privilege_number(PV_CLONE, ret, a.v[0] & CLONE_NEW_ANY & ~0x80) : 0;
    case OP_CLONE3: {
      u64 fl = 0;
      if (!ret || bpf_probe_read_user(&fl, 8, (void *)a.v[0]) || !(fl & CLONE_NEW_ANY)) return 0;
      return privilege_number(PV_CLONE, ret, fl & CLONE_NEW_ANY);
    }
    case OP_MOUNT: return privilege_mount(t, &a, ret);
    case OP_FSMOUNT: return privilege_number(PV_FSMOUNT, ret, 0);
    case OP_MOVE_MOUNT: return privilege_text(PV_MOVE_MOUNT, ret, a.v[3]);
    case OP_CHROOT: return privilege_chroot(t, &a, ret, PV_CHROOT);
    case OP_PIVOT: return privilege_chroot(t, &a, ret, PV_PIVOT);
    case OP_BPF: return privilege_number(PV_BPF, ret, a.v[0]);
    case OP_URING_SETUP: return privilege_number(PV_URING, ret, 0);
    case OP_INIT_MODULE: return privilege_module(t, a.compat, ret);
    case OP_KEXEC: return privilege_number(PV_KEXEC, ret, 0);
    case OP_FINIT_MODULE: {
      struct scratch *s = privilege(t, PV_MODULE, ret, a.compat);
      u64 f = fd_file(t, a.v[0]);
      if (!s) return 0;
      if (f) put_file_of(s, S_TASK, f);
      submit(s, 1, true);
      return 0;
    }
  }
  return 0;
}

/* An attempt to execute that failed; one that succeeds is seen by its effect. */
SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exec, struct pt_regs *regs, long ret) {
  if (ret >= 0) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  load_args(&a, regs, t);
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cgroup_of(t), C_FAILED, now)) return 0;
  struct scratch *s = begin(S_TASK, R_EXEC, t, now);
  if (!s) return 0;
  s->r.error = -ret;
  if (a.compat) s->r.flags = F_COMPAT;
  if (a.op == OP_EXECVEAT) put_name(S_TASK, t, a.v[1], a.v[0], T_BASE);
  else put_name(S_TASK, t, a.v[0], AT_FDCWD, T_BASE);
  submit(s, 1, false);
  return 0;
}

/* Each 32-bit call once per process image: it is the way around whoever watches the 64-bit table only. */
struct compat_key { u64 exec; u32 tgid, nr; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192); __type(key, struct compat_key); __type(value, u8); } compat_seen SEC(".maps");

static __always_inline void note_compat(struct task_struct *t, struct pt_regs *regs, u32 code) {
  struct compat_key k = { .exec = t->self_exec_id, .tgid = t->tgid, .nr = nr_of(regs) };
  u8 one = 1;
  if (bpf_map_lookup_elem(&compat_seen, &k)) return;
  bpf_map_update_elem(&compat_seen, &k, &one, BPF_ANY);
  struct scratch *s = privilege(t, code, 0, true);
  if (!s) return;
  s->r.b = k.nr;
  submit(s, 1, true);
}
