/* The kernel half of the sensor. Only typed raw tracepoints: neither tracefs nor uid 0 is needed, CAP_BPF and CAP_PERFMON are. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "whorl.h"
#include "record.bpf.h"

char LICENSE[] SEC("license") = "GPL"; /* the helpers for tracing demand it of the object */

#define X32_BIT 0x40000000

struct args { u64 v[6]; u8 op; bool compat; };

#if defined(__TARGET_ARCH_x86)
static __always_inline u32 nr_of(struct pt_regs *r) { return r->orig_ax; }
static __always_inline void load_args(struct args *a, struct pt_regs *r, struct task_struct *t) {
  a->compat = is_compat(t);
  u32 nr = (u32)r->orig_ax & (MAX_NR - 1);
  if (a->compat) {
    a->op = cfg.compat[nr];
    a->v[0] = (u32)r->bx; a->v[1] = (u32)r->cx; a->v[2] = (u32)r->dx; a->v[3] = (u32)r->si; a->v[4] = (u32)r->di; a->v[5] = (u32)r->bp;
  } else {
    a->op = cfg.native[nr];
    a->v[0] = r->di; a->v[1] = r->si; a->v[2] = r->dx; a->v[3] = r->r10; a->v[4] = r->r8; a->v[5] = r->r9;
  }
}
#else
static __always_inline u32 nr_of(struct pt_regs *r) { return r->syscallno; }
static __always_inline void load_args(struct args *a, struct pt_regs *r, struct task_struct *t) {
  u32 nr = (u32)r->syscallno & (MAX_NR - 1);
  a->compat = is_compat(t);
  a->op = a->compat ? cfg.compat[nr] : cfg.native[nr];
  a->v[0] = r->orig_x0; a->v[1] = r->regs[1]; a->v[2] = r->regs[2]; a->v[3] = r->regs[3]; a->v[4] = r->regs[4]; a->v[5] = r->regs[5];
}
#endif

/* Processes that have spoken to port 53: only their reads are looked at for answers. */
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192); __type(key, u32); __type(value, u8); } dns_users SEC(".maps");
static __always_inline void mark_dns(u32 tgid) { u8 one = 1; bpf_map_update_elem(&dns_users, &tgid, &one, BPF_ANY); }
static __always_inline void forget_dns(u32 tgid) { bpf_map_delete_elem(&dns_users, &tgid); }
static __always_inline void inherit_dns(u32 parent, u32 child) { if (bpf_map_lookup_elem(&dns_users, &parent)) mark_dns(child); }

#include "process.bpf.h"
#include "files.bpf.h"
#include "net.bpf.h"
#include "message.bpf.h"
#include "privilege.bpf.h"
#include "capability.bpf.h"
#include "uring.bpf.h"

/* One look-up tells 9 of 10 calls away; each handler is a program of its own, so that one that does not load is one gap, not all. */
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, H_COUNT); __type(key, u32); __type(value, u32); } handlers SEC(".maps");

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  u32 nr = nr_of(regs);
  u8 op;
  if (is_compat(t)) {
    if (ignored(t->tgid)) return 0;
    note_compat(t, regs, PV_COMPAT);
    op = cfg.compat[nr & (MAX_NR - 1)];
  } else {
#if defined(__TARGET_ARCH_x86)
    if (nr != (u32)-1 && nr & X32_BIT) { note_compat(t, regs, PV_X32); nr &= ~X32_BIT; }
#endif
    op = nr < MAX_NR ? cfg.native[nr & (MAX_NR - 1)] : 0; /* from 512 on x32 has calls of its own: noted, not decoded */
  }
  if (!op) return 0;
  u32 h = op >> 5, tgid = t->tgid;
  if (h == H_DNS && !bpf_map_lookup_elem(&dns_users, &tgid)) return 0;
  if (h == H_MAP) { /* not executable: nearly all */
    u64 prot;
#if defined(__TARGET_ARCH_x86)
    prot = regs->dx;
#else
    prot = regs->regs[2];
#endif
    if (ret < 0 && ret >= -4095) return 0;
    if (op != OP_OLD_MMAP && !(prot & PROT_EXEC) && !(t->personality & READ_IMPLIES_EXEC)) return 0;
  }
  if (ignored(tgid)) return 0;
  if ((h == H_OPEN || h == H_MAP || h == H_FILE) && files_off(cgroup_of(t))) return 0;
  bpf_tail_call(ctx, &handlers, h);
  return 0;
}
