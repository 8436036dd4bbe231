/* Which capabilities a program makes the kernel ask for. Each once per process image: what it may do does not change by doing it again. */
struct image { u64 start, exec; u32 tgid, pad; };
struct asked_for { u64 granted, refused; };
/* 8192 images: pids of a busy node. Who fills it with others of its own is told of again, and pays with its own credit. */
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192); __type(key, struct image); __type(value, struct asked_for); } capabilities SEC(".maps");

static __always_inline u8 asked_bit(u32 cap) {
  switch (cap) {
    case CAP_SYS_ADMIN: return A_SYS_ADMIN;
    case CAP_SYS_PTRACE: return A_SYS_PTRACE;
    case CAP_SYS_RESOURCE: return A_SYS_RESOURCE;
    case CAP_NET_ADMIN: return A_NET_ADMIN;
    case CAP_SYSLOG: return A_SYSLOG;
    default: return 0;
  }
}

/* Whether the call that runs is one that is made for what the capability allows. A fault has no number. */
static __always_inline bool is_asked_for(struct task_struct *t, u8 bit) {
  if (t->flags & PF_IO_WORKER) return true;
  if (!bpf_core_enum_value_exists(enum bpf_func_id___w, BPF_FUNC_task_pt_regs)) return false;
  struct pt_regs *regs = (void *)bpf_task_pt_regs(t);
  u32 nr = nr_of(regs);
#if defined(__TARGET_ARCH_x86)
  if (nr != (u32)-1) nr &= ~X32_BIT;
#endif
  if (nr >= MAX_NR) return false;
  return (is_compat(t) ? cfg.asked_compat[nr & (MAX_NR - 1)] : cfg.asked[nr & (MAX_NR - 1)]) & bit;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *target, const struct user_namespace *where, int cap_, int ret) {
  u32 cap = cap_;
  if (cap > 63 || CAPS_OF_OWNERSHIP >> cap & 1) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  u8 bit = asked_bit(cap);
  if (bit && !is_asked_for(t, bit)) return 0;
  u64 cg = cgroup_of(t);
  /* Under other credentials (overlayfs acts as who mounted it) it is not the program that is asked about. */
  if (cg == cfg.root_cgroup || t->flags & PF_KTHREAD || ctx[0] != (u64)t->real_cred || ignored(t->tgid)) return 0;
  struct image key = { .start = t->group_leader->start_boottime, .exec = t->self_exec_id, .tgid = t->tgid };
  struct asked_for none = {}, *known = bpf_map_lookup_elem(&capabilities, &key);
  if (!known) {
    bpf_map_update_elem(&capabilities, &key, &none, BPF_NOEXIST);
    known = bpf_map_lookup_elem(&capabilities, &key);
    if (!known) return 0;
  }
  u64 this = CAP_BIT(cap & 63), *done = ret ? &known->refused : &known->granted;
  if (*done & this) return 0;
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cg, C_CAPABILITY, now)) return 0;
  *done |= this;
  struct scratch *s = begin(S_TASK, R_PRIVILEGE, t, now);
  if (!s) return 0;
  s->r.a = PV_CAPABILITY;
  s->r.b = cap;
  s->r.error = ret ? 1 : 0; /* EPERM */
  if (is_compat(t)) s->r.flags = F_COMPAT;
  submit(s, 1, false);
  return 0;
}
