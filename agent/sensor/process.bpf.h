/* exec, fork, exit, cgroups, and the sweep of what ran before. */
#define PF_IO_WORKER 0x10
#define PF_KTHREAD 0x200000
#define ARGS_MAX 4096
/* Kubernetes puts seven variables per service into the environment: 384 covers 50 services. */
#define ENV_STEPS 384

__noinline int env_hooks(u32 slot, u64 at, u64 end) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  u32 found = 0;
  for (int i = 0; i < ENV_STEPS; i++) {
    if (at >= end) return found;
    u8 *p = &s->data[DATA_MAX + STR_MAX]; /* behind all that can be sent */
    long n = bpf_probe_read_user_str(p, STR_MAX, (void *)at);
    if (n <= 0) return found | ENV_INCOMPLETE;
    u64 w = *(u64 *)p;
    switch (w) {
#define LE8(a,b,c,d,e,f,g,h) ((u64)a | (u64)b << 8 | (u64)c << 16 | (u64)d << 24 | (u64)e << 32 | (u64)f << 40 | (u64)g << 48 | (u64)h << 56)
      case LE8('L','D','_','P','R','E','L','O'): if (p[8] == 'A' && p[9] == 'D' && p[10] == '=') found |= 1 << 0; break;
      case LE8('L','D','_','L','I','B','R','A'): if (p[8] == 'R' && p[9] == 'Y' && p[10] == '_' && p[15] == '=') found |= 1 << 1; break;
      case LE8('B','A','S','H','_','E','N','V'): if (p[8] == '=') found |= 1 << 2; break;
      case LE8('N','O','D','E','_','O','P','T'): if (p[8] == 'I' && p[12] == '=') found |= 1 << 3; break;
      case LE8('P','Y','T','H','O','N','P','A'): if (p[8] == 'T' && p[10] == '=') found |= 1 << 4; break;
      case LE8('J','A','V','A','_','T','O','O'): if (p[8] == 'L' && p[9] == '_' && p[17] == '=') found |= 1 << 5; break;
      case LE8('P','E','R','L','5','O','P','T'): if (p[8] == '=') found |= 1 << 6; break;
      case LE8('L','D','_','A','U','D','I','T'): if (p[8] == '=') found |= 1 << 7; break;
      case LE8('P','E','R','L','5','L','I','B'): if (p[8] == '=') found |= 1 << 8; break;
      case LE8('R','U','B','Y','O','P','T','='): found |= 1 << 9; break;
      case LE8('J','D','K','_','J','A','V','A'): if (p[8] == '_' && p[9] == 'O' && p[16] == '=') found |= 1 << 10; break;
      case LE8('P','Y','T','H','O','N','S','T'): if (p[8] == 'A' && p[13] == '=') found |= 1 << 11; break;
      case LE8('G','C','O','N','V','_','P','A'): if (p[8] == 'T' && p[10] == '=') found |= 1 << 12; break;
      case LE8('P','Y','T','H','O','N','H','O'): if (p[8] == 'M' && p[10] == '=') found |= 1 << 13; break;
      case LE8('R','U','B','Y','L','I','B','='): found |= 1 << 14; break;
    }
    at += n == STR_MAX ? n - 1 : n;
  }
  return found | ENV_INCOMPLETE;
}

static __always_inline void put_cwd_root(u32 slot, struct task_struct *t) {
  put_dir(slot, t, pwd, T_CWD);
  put_dir(slot, t, root, T_BASE);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *t, int old, struct linux_binprm *bp) {
  if (t->tgid == cfg.self) return 0;
  struct scratch *s = begin(S_TASK, R_EXEC, t, bpf_ktime_get_boot_ns());
  if (!s) return 0;
  put_file_of(s, S_TASK, (u64)BPF_CORE_READ(bp, file));
  put_cwd_root(S_TASK, t);
  put_kernel_str(S_TASK, (u64)BPF_CORE_READ(bp, filename), T_NAME);
  struct mm_struct *mm = t->mm;
  u64 from = mm->arg_start, to = mm->arg_end;
  put_user_bytes(S_TASK, from, to - from, ARGS_MAX << 8 | T_ARGS);
  s->r.a = (u32)env_hooks(S_TASK, mm->env_start, mm->env_end);
  if (is_compat(t)) s->r.flags |= F_COMPAT;
  submit(s, 1, true);
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child) {
  if (child->pid != child->tgid || child->flags & PF_KTHREAD || parent->tgid == cfg.self) return 0;
  struct scratch *s = begin(S_TASK, R_FORK, parent, bpf_ktime_get_boot_ns());
  if (!s) return 0;
  s->r.a = child->tgid;
  s->r.b = child->start_boottime;
  s->r.c = cgroup_of(child);
  inherit_dns(parent->tgid, child->tgid);
  submit(s, 1, s->r.c != s->r.cgroup);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *t) {
  if (t->flags & PF_KTHREAD || t->tgid == cfg.self) return 0;
  if (cfg.exit_tells_group) { if (!(ctx[1] & 1)) return 0; }
  else if (t->signal->live.counter != 0) return 0;
  struct scratch *s = begin(S_TASK, R_EXIT, t, bpf_ktime_get_boot_ns());
  if (!s) return 0;
  s->r.a = (u32)(t->signal->flags & 4 /* SIGNAL_GROUP_EXIT */ ? t->signal->group_exit_code : t->group_leader->exit_code);
  forget_dns(t->tgid);
  submit(s, 1, false);
  return 0;
}

static __always_inline int cgroup_changed(u64 *ctx, struct cgroup *g, u32 action) {
  if (g->root->hierarchy_id != 0) return 0; /* a v1 hierarchy of a hybrid host */
  struct scratch *s = begin(S_TASK, R_CGROUP, bpf_get_current_task_btf(), bpf_ktime_get_boot_ns());
  if (!s) return 0;
  s->r.a = action;
  s->r.b = g->kn->id;
  put_kernel_str(S_TASK, ctx[1], T_TEXT);
  submit(s, 1, true);
  return 0;
}
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *g, const char *path) { return cgroup_changed(ctx, g, 1); }
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *g, const char *path) {
  u64 id = g->kn->id;
  bpf_map_delete_elem(&credit, &id);
  return cgroup_changed(ctx, g, 2);
}

/* The task that moved may not be the one that runs: everything is taken from it. */
static __always_inline int moved(u64 *ctx, struct cgroup *g, struct task_struct *t) {
  if (g->root->hierarchy_id != 0) return 0;
  struct scratch *s = begin(S_TASK, R_ATTACH, t, bpf_ktime_get_boot_ns());
  if (!s) return 0;
  s->r.a = g->kn->id;
  put_kernel_str(S_TASK, ctx[1], T_TEXT);
  submit(s, 1, true);
  return 0;
}
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_attach, struct cgroup *g, const char *path, struct task_struct *t) { return moved(ctx, g, t); }
SEC("tp_btf/cgroup_transfer_tasks")
int BPF_PROG(on_transfer, struct cgroup *g, const char *path, struct task_struct *t) { return moved(ctx, g, t); }

/* Processes older than the sensor. Their start comes from the same clock as that of later events; /proc rounds to 10 ms. */
SEC("iter/task")
int found(struct bpf_iter__task *ctx) {
  struct task_struct *t = ctx->task;
  if (!t || t->pid != t->tgid || t->flags & PF_KTHREAD || t->tgid == cfg.self) return 0;
  struct scratch *s = begin(S_FOUND, R_EXEC, t, bpf_ktime_get_boot_ns());
  if (!s) return 0;
  s->r.flags = F_FOUND;
  struct mm_struct *mm = t->mm;
  if (!mm) return 0;
  put_dir(S_FOUND, t, pwd, T_CWD);
  struct file *exe = BPF_CORE_READ(mm, exe_file);
  if (exe) put_file_of(s, S_FOUND, (u64)exe);
  u32 n = length_of(s);
  if (s->cut) s->r.flags |= F_TRUNCATED;
  s->r.facts |= s->facts;
  bpf_seq_write(ctx->meta->seq, &s->r, n);
  return 0;
}
