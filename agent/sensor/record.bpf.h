/* Building one record: scratch space, strings, paths, facts, token buckets, the two rings. */
#ifndef RECORD_BPF_H
#define RECORD_BPF_H

const volatile struct config cfg SEC(".rodata.cfg") = {};

/* What fits while the reader does not run at all: 1.5 s of a build (3 k exec/s); 0.3 s of the highest open rate measured (190 k/s). */
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4 << 20); } ring1 SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 8 << 20); } ring2 SEC(".maps");

/* A bound the compiler may not reason away: it knows the value is small, the verifier forgets. */
#define BOUND(n, mask) asm volatile("%0 &= %1" : "+r"(n) : "i"(mask))

#define DATA_MAX 16384
#define MASK (DATA_MAX - 1)
#define NAME 256
#define PATH_STEPS 96
#define STR_MAX 4096

struct scratch {
  u32 off, cut, crossed, done, on_root, facts;
  struct record r;
  u8 data[DATA_MAX + 2 * STR_MAX]; /* behind the last field there is room for one more of any size */
};

/* A program of a lower level may interrupt one of a higher: each level has its own scratch. */
enum { S_TASK, S_SOFTIRQ, S_FOUND, S_COUNT };
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, S_COUNT); __type(key, u32); __type(value, struct scratch); } scratches SEC(".maps");

/* 8192 cgroups: kubelet allows 110 pods of a few cgroups each; beyond, events of new cgroups share the credit of key 0. */
struct buckets { u64 until[C_COUNT]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8192); __type(key, u64); __type(value, struct buckets); } credit SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8192); __type(key, struct loss_key); __type(value, struct loss); } losses SEC(".maps");

static __always_inline struct scratch *scratch_of(u32 slot) { return bpf_map_lookup_elem(&scratches, &slot); }

static __always_inline void lose(u64 cgroup, u32 reason) {
  struct loss_key k = { .cgroup = cgroup, .reason = reason };
  struct loss zero = {}, *l = bpf_map_lookup_elem(&losses, &k);
  if (!l) {
    bpf_map_update_elem(&losses, &k, &zero, BPF_NOEXIST);
    l = bpf_map_lookup_elem(&losses, &k);
    if (!l) { /* table full: still counted, but no longer by cgroup */
      k.cgroup = 0;
      l = bpf_map_lookup_elem(&losses, &k);
      if (!l) return;
    }
  }
  __sync_fetch_and_add(&l->count, 1);
}

/* Token bucket as one time stamp (GCRA): what this cgroup has used runs ahead of the clock by at most `burst`. */
static __always_inline bool may(u64 cgroup, u32 class, u64 now) {
  struct buckets *b = bpf_map_lookup_elem(&credit, &cgroup);
  if (!b) {
    struct buckets zero = {};
    bpf_map_update_elem(&credit, &cgroup, &zero, BPF_NOEXIST);
    b = bpf_map_lookup_elem(&credit, &cgroup);
    if (!b) {
      u64 shared = 0;
      b = bpf_map_lookup_elem(&credit, &shared);
      if (!b) return true;
    }
  }
  u64 until = b->until[class];
  if (until < now) until = now;
  until += cfg.cost[class];
  if (until - now > cfg.burst[class]) { lose(cgroup, class); return false; }
  b->until[class] = until;
  return true;
}

static __always_inline u64 cgroup_of(struct task_struct *t) { return t->cgroups->dfl_cgrp->kn->id; }

static __always_inline bool is_compat(struct task_struct *t) {
#if defined(__TARGET_ARCH_x86)
  return t->thread_info.status & 2; /* TS_COMPAT */
#else
  return t->thread_info.flags & (1 << 22); /* TIF_32BIT */
#endif
}

static __always_inline struct scratch *begin(u32 slot, u16 type, struct task_struct *t, u64 now) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  s->off = s->cut = s->facts = 0;
  __builtin_memset(&s->r, 0, sizeof s->r);
  s->r.type = type;
  s->r.time = now;
  s->r.cgroup = cgroup_of(t);
  s->r.pid = t->tgid;
  s->r.start = t->group_leader->start_boottime;
  s->r.ppid = t->real_parent->tgid;
  s->r.pstart = t->real_parent->group_leader->start_boottime;
  if (t->nsproxy->mnt_ns->ns.inum == cfg.host_mnt_ns) s->r.facts = FACT_HOST_NS;
  return s;
}

/* Closes the length. What does not fit is cut inside its last field, and said so. */
static __always_inline u32 length_of(struct scratch *s) {
  u32 n = sizeof s->r + s->off;
  if (n > MASK) { n = MASK; s->cut = 1; }
  BOUND(n, MASK);
  s->r.len = n;
  return n;
}

/* `wake`: the reader is woken at once; else it finds the record at its next turn, which is many times cheaper. */
static __always_inline void submit(struct scratch *s, int ring, bool wake) {
  u32 n = length_of(s);
  if (s->cut) s->r.flags |= F_TRUNCATED;
  s->r.facts |= s->facts;
  long err;
  if (ring == 1) {
    u64 fl = wake || bpf_ringbuf_query(&ring1, BPF_RB_AVAIL_DATA) > (512 << 10) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
    err = bpf_ringbuf_output(&ring1, &s->r, n, fl);
  } else {
    u64 fl = bpf_ringbuf_query(&ring2, BPF_RB_AVAIL_DATA) > (512 << 10) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
    err = bpf_ringbuf_output(&ring2, &s->r, n, fl);
  }
  if (err) lose(s->r.cgroup, ring == 1 ? L_RING1 : L_RING2);
}

/* Fields: u16 tag, u16 length, bytes, padded to 4. Global functions: the verifier checks each once, not at every call. */
static __always_inline void close_field(struct scratch *s, u32 at, u32 tag) {
  u32 len = s->off - at - 4;
  *(u16 *)&s->data[at & MASK & ~3] = tag;
  *(u16 *)&s->data[(at & MASK & ~3) + 2] = len;
  u32 end = s->off;
  if (end < MASK - 2) s->data[end & MASK] = s->data[(end + 1) & MASK] = s->data[(end + 2) & MASK] = 0; /* what stood there may be a secret */
  s->off = (end + 3) & ~3;
}

__noinline int put_path(u32 slot, u64 dentry, u64 vfsmount, u32 tag) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  u32 at = s->off;
  if (at > DATA_MAX - 8 || !dentry || !vfsmount) { s->cut = 1; return 0; }
  struct dentry *d = (void *)dentry;
  struct mount *m = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
  struct dentry *top = BPF_CORE_READ(m, mnt.mnt_root);
  /* Kept in memory, not in registers: the verifier would else tell 2^96 combinations apart. */
  s->off = at + 4;
  s->crossed = 0;
  s->done = 0;
  s->on_root = FACT_ROOT_MOUNT;
  for (int i = 0; i < PATH_STEPS; i++) {
    struct dentry *up = BPF_CORE_READ(d, d_parent);
    if (d == top) {
      struct mount *pm = BPF_CORE_READ(m, mnt_parent);
      if (pm == m || !pm) { s->done = 1; break; }
      d = BPF_CORE_READ(m, mnt_mountpoint);
      m = pm;
      top = BPF_CORE_READ(m, mnt.mnt_root);
      s->crossed = 1;
      continue;
    }
    u32 off = s->off;
    if (off > DATA_MAX - NAME) break;
    long n = bpf_probe_read_kernel_str(&s->data[off & MASK], NAME, BPF_CORE_READ(d, d_name.name));
    if (n <= 0) break;
    s->off = off + n;
    if (s->crossed) s->on_root = 0;
    if (d == up) { s->done = i == 0; break; } /* memfd, socket: one name and no way up. Later: moved out of its bind mount. */
    d = up;
  }
  if (!s->done) s->cut = 1;
  close_field(s, at, tag);
  return s->on_root;
}

__noinline int put_user_str(u32 slot, u64 from, u32 tag) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  u32 at = s->off;
  if (at > DATA_MAX - 8) { s->cut = 1; return 0; }
  long n = bpf_probe_read_user_str(&s->data[(at + 4) & MASK], STR_MAX, (void *)from);
  if (n == STR_MAX || n < 0) s->cut = 1;
  s->off = at + 4 + (n > 0 ? n - 1 : 0);
  close_field(s, at, tag);
  return n;
}

__noinline int put_kernel_str(u32 slot, u64 from, u32 tag) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  u32 at = s->off;
  if (at > DATA_MAX - 8) { s->cut = 1; return 0; }
  long n = bpf_probe_read_kernel_str(&s->data[(at + 4) & MASK], STR_MAX, (void *)from);
  if (n == STR_MAX || n < 0) s->cut = 1;
  s->off = at + 4 + (n > 0 ? n - 1 : 0);
  close_field(s, at, tag);
  return n;
}

/* `max` <= STR_MAX; more than that is cut and said so. */
__noinline int put_user_bytes(u32 slot, u64 from, u64 len, u32 max_tag) {
  struct scratch *s = scratch_of(slot);
  if (!s) return 0;
  u32 at = s->off, max = max_tag >> 8, tag = max_tag & 255;
  if (at > DATA_MAX - 8) { s->cut = 1; return 0; }
  if (len > max) { len = max; s->cut = 1; }
  u32 n = len;
  BOUND(n, 2 * STR_MAX - 1);
  if (bpf_probe_read_user(&s->data[(at + 4) & MASK], n, (void *)from)) { n = 0; s->cut = 1; }
  s->off = at + 4 + n;
  close_field(s, at, tag);
  return n;
}

static __always_inline void put_bytes(struct scratch *s, const void *from, u32 len, u32 tag) {
  u32 at = s->off;
  if (at > DATA_MAX - 64) { s->cut = 1; return; }
  __builtin_memcpy(&s->data[(at + 4) & MASK & ~3], from, 16);
  s->off = at + 4 + (len < 16 ? len : 16);
  close_field(s, at, tag);
}

/* Facts of the file at of a dentry; whether it is on the root mount comes from walking its path. */
__noinline int file_facts(u64 dentry) {
  struct dentry *d = (void *)dentry;
  struct inode *i = BPF_CORE_READ(d, d_inode);
  struct super_block *sb = BPF_CORE_READ(d, d_sb);
  u64 magic = BPF_CORE_READ(sb, s_magic), flags = BPF_CORE_READ(sb, s_flags);
  u32 f = (BPF_CORE_READ(i, i_mode) >> 12 & 15) << FACT_TYPE_SHIFT;
  if (!BPF_CORE_READ(i, i_nlink)) f |= FACT_UNLINKED;
  if (flags & (1 << 22)) f |= FACT_KERNEL_MOUNT; /* SB_KERNMOUNT */
  if (magic == 0x01021994 || magic == 0x858458f6 || magic == 0x958458f6) f |= FACT_TMPFS; /* tmpfs, ramfs, hugetlbfs */
  if (magic == 0x794c7630) {
    f |= FACT_OVERLAY;
    if (bpf_core_field_exists(struct ovl_inode, __upperdentry)) {
      struct ovl_inode *o = (void *)i - bpf_core_field_offset(struct ovl_inode, vfs_inode);
      if (BPF_CORE_READ(o, __upperdentry)) f |= FACT_UPPER;
    } else f |= FACT_LAYER_UNKNOWN;
  }
  return f;
}

/* `which`: root or pwd. */
#define put_dir(slot, t, which, tag) \
  put_path(slot, (u64)BPF_CORE_READ(t, fs, which.dentry), (u64)BPF_CORE_READ(t, fs, which.mnt), tag)

static __always_inline void put_file(struct scratch *s, u32 slot, u64 dentry, u64 vfsmount) {
  s->facts = file_facts(dentry);
  s->facts |= put_path(slot, dentry, vfsmount, T_PATH);
}

static __always_inline void put_file_of(struct scratch *s, u32 slot, u64 file) {
  struct file *f = (void *)file;
  u64 d = (u64)BPF_CORE_READ(f, f_path.dentry), m = (u64)BPF_CORE_READ(f, f_path.mnt);
  put_file(s, slot, d, m);
}

static __always_inline u64 fd_file(struct task_struct *t, u64 fd) {
  struct fdtable *fdt = t->files->fdt;
  if ((u32)fd >= fdt->max_fds) return 0;
  struct file **fds = fdt->fd;
  u64 f = 0;
  bpf_probe_read_kernel(&f, sizeof f, (void *)fds + 8 * (u64)(u32)fd);
  return f;
}

static __always_inline bool ignored(u32 tgid) {
  if (tgid == cfg.self) return true;
#pragma unroll
  for (int i = 0; i < MAX_IGNORED; i++) if (cfg.ignored[i] && tgid == cfg.ignored[i]) return true;
  return false;
}

/* Files of processes in the v2 root (without systemd: the whole host) are off unless asked for. */
static __always_inline bool files_off(u64 cgroup) { return !cfg.host_files && cgroup == cfg.root_cgroup; }
#endif
