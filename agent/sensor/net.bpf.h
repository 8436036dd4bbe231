/* Peers, listeners, DNS. TCP by its state: whatever call opened the connection, SYN_SENT is passed. */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262
#define DNS_PORT 53
#define PAYLOAD_MAX 512
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define TCP_LISTEN 10
/* A peer is told again after a minute, and after every exec: then another program speaks. */
#define PEER_AGAIN 60000000000ull

struct peer { u8 addr[16]; u16 family, port; };
struct peer_key { u64 exec; u32 tgid; u32 proto; struct peer p; u32 pad; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 16384); __type(key, struct peer_key); __type(value, u64); } peers SEC(".maps");
/* Who opened a connection that is not up yet: its end comes in an interrupt, in nobody's name. */
struct opener { u64 cgroup, start, pstart; u32 pid, ppid; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 16384); __type(key, u64); __type(value, struct opener); } opening SEC(".maps");

static __always_inline void sock_peer(struct sock *sk, struct peer *p) {
  __builtin_memset(p, 0, sizeof *p);
  p->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  p->port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
  if (p->family == AF_INET) bpf_core_read(p->addr, 4, &sk->__sk_common.skc_daddr);
  else if (p->family == AF_INET6) bpf_core_read(p->addr, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline void sock_own(struct sock *sk, struct peer *p) {
  __builtin_memset(p, 0, sizeof *p);
  p->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  p->port = BPF_CORE_READ(sk, __sk_common.skc_num);
  if (p->family == AF_INET) bpf_core_read(p->addr, 4, &sk->__sk_common.skc_rcv_saddr);
  else if (p->family == AF_INET6) bpf_core_read(p->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
}

static __always_inline void user_peer(u64 addr, u32 len, struct peer *p) {
  struct { u16 family, port; u8 rest[28]; } u = {};
  __builtin_memset(p, 0, sizeof *p);
  if (len > 28) len = 28;
  BOUND(len, 31);
  if (len < 2 || bpf_probe_read_user(&u, len, (void *)addr)) return;
  p->family = u.family;
  p->port = __builtin_bswap16(u.port);
  if (u.family == AF_INET) __builtin_memcpy(p->addr, u.rest, 4);
  else if (u.family == AF_INET6) __builtin_memcpy(p->addr, u.rest + 4, 16);
}

static __always_inline void put_peer(struct scratch *s, struct peer *p, u32 transport, u32 via) {
  s->r.a = transport | via << 8;
  s->r.b = p->port;
  put_bytes(s, p->addr, p->family == AF_INET ? 4 : 16, T_ADDRESS);
}

static __always_inline u32 transport_of(struct sock *sk) {
  u16 type = BPF_CORE_READ(sk, sk_type), proto = BPF_CORE_READ(sk, sk_protocol);
  if (proto == IPPROTO_TCP || proto == IPPROTO_MPTCP) return TR_TCP;
  if (type == SOCK_RAW) return TR_RAW;
  if (proto == 1 || proto == 58) return TR_ICMP;
  return TR_UDP;
}

static __always_inline struct sock *fd_sock(struct task_struct *t, u64 fd) {
  struct file *f = (void *)fd_file(t, fd);
  if ((BPF_CORE_READ(f, f_inode, i_mode) & 0xf000) != 0xc000) return 0;
  struct socket *so = BPF_CORE_READ(f, private_data);
  return BPF_CORE_READ(so, sk);
}

/* By what a connection came about when not by connect(): the system call that is running. */
static __always_inline u32 via_now(struct task_struct *t) {
  if (t->flags & PF_IO_WORKER) return VIA_URING;
  if (!bpf_core_enum_value_exists(enum bpf_func_id___w, BPF_FUNC_task_pt_regs)) return VIA_NONE;
  struct pt_regs *regs = (void *)bpf_task_pt_regs(t);
  u32 nr = nr_of(regs);
  u8 op = is_compat(t) ? cfg.compat[nr & (MAX_NR - 1)] : cfg.native[nr & (MAX_NR - 1)];
  if (op == OP_CONNECT || op == OP_SOCKETCALL) return VIA_NONE;
  if (!is_compat(t) && nr == 426) return VIA_URING; /* io_uring_enter: the same number everywhere */
  return VIA_FASTOPEN;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new) {
  if (sk->sk_protocol != IPPROTO_TCP) return 0;
  u64 key = (u64)sk;
  if (new == TCP_SYN_SENT || new == TCP_LISTEN) {
    struct task_struct *t = bpf_get_current_task_btf();
    if (ignored(t->tgid)) return 0;
    u64 now = bpf_ktime_get_boot_ns();
    if (!may(cgroup_of(t), C_NET, now)) return 0;
    struct scratch *s = begin(S_SOFTIRQ, new == TCP_LISTEN ? R_LISTEN : R_CONNECT, t, now);
    if (!s) return 0;
    struct peer p;
    if (new == TCP_LISTEN) {
      sock_own(sk, &p);
      put_peer(s, &p, TR_TCP, 0);
    } else {
      struct opener o = { .cgroup = s->r.cgroup, .start = s->r.start, .pstart = s->r.pstart, .pid = s->r.pid, .ppid = s->r.ppid };
      bpf_map_update_elem(&opening, &key, &o, BPF_ANY);
      sock_peer(sk, &p);
      if (p.port == DNS_PORT) mark_dns(t->tgid);
      put_peer(s, &p, TR_TCP, via_now(t));
    }
    submit(s, 1, true);
    return 0;
  }
  if (old != TCP_SYN_SENT) return 0;
  struct opener *o = bpf_map_lookup_elem(&opening, &key);
  if (!o) return 0;
  if (new == TCP_CLOSE && sk->sk_err) {
    struct scratch *s = scratch_of(S_SOFTIRQ);
    u64 now = bpf_ktime_get_boot_ns();
    if (s && may(o->cgroup, C_NET, now)) {
      s->off = s->cut = s->facts = 0;
      __builtin_memset(&s->r, 0, sizeof s->r);
      s->r.type = R_CONNECT;
      s->r.time = now;
      s->r.cgroup = o->cgroup; s->r.start = o->start; s->r.pstart = o->pstart; s->r.pid = o->pid; s->r.ppid = o->ppid;
      s->r.error = sk->sk_err;
      struct peer p;
      sock_peer(sk, &p);
      put_peer(s, &p, TR_TCP, 0);
      submit(s, 1, false);
    }
  }
  bpf_map_delete_elem(&opening, &key);
  return 0;
}

/* Global functions from here on: checked once each, else the verifier takes seconds. `how`: transport | via << 8. */
__noinline int say_peer(struct peer *p, u32 how, s32 error, u32 type) {
  if (!p) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  u64 now = bpf_ktime_get_boot_ns();
  if (type == R_CONNECT) {
    struct peer_key k = { .exec = t->self_exec_id, .tgid = t->tgid, .proto = (how & 255) | (error != 0) << 8, .p = *p };
    u64 *seen = bpf_map_lookup_elem(&peers, &k);
    if (seen && now - *seen < PEER_AGAIN) return 0;
    bpf_map_update_elem(&peers, &k, &now, BPF_ANY);
  }
  if (!may(cgroup_of(t), type == R_ACCEPT ? C_ACCEPT : C_NET, now)) return 0;
  struct scratch *s = begin(S_TASK, type, t, now);
  if (!s) return 0;
  s->r.error = error;
  put_peer(s, p, how & 255, how >> 8);
  submit(s, type == R_ACCEPT ? 2 : 1, type != R_ACCEPT);
  return 0;
}

/* A listener without a file: the name stands behind the two bytes of the family. */
static __always_inline void put_abstract(struct scratch *s, struct unix_sock *u) {
  struct unix_address *a = BPF_CORE_READ(u, addr);
  u32 at = s->off, n = BPF_CORE_READ(a, len);
  n = n > 2 && n < 112 ? n - 2 : 0;
  BOUND(n, 127);
  if (at > DATA_MAX - 256 || bpf_probe_read_kernel(&s->data[(at + 4) & MASK], n, (void *)a + bpf_core_field_offset(struct unix_address, len) + 6)) return;
  s->off = at + 4 + n;
  close_field(s, at, T_UNIX);
}

__noinline int say_unix(u64 sk, u64 addr, u32 len, s32 error, u32 type) {
  struct task_struct *t = bpf_get_current_task_btf();
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cgroup_of(t), C_NET, now)) return 0;
  struct scratch *s = begin(S_TASK, type, t, now);
  if (!s) return 0;
  s->r.a = TR_UNIX;
  s->r.error = error;
  struct unix_sock *u = (void *)sk;
  if (type == R_CONNECT) u = (void *)BPF_CORE_READ(u, peer);
  struct dentry *d = error ? 0 : BPF_CORE_READ(u, path.dentry);
  if (!error && d) put_path(S_TASK, (u64)d, (u64)BPF_CORE_READ(u, path.mnt), T_PATH);
  else if (addr && len > 2) {
    put_base(S_TASK, t, addr + 2, AT_FDCWD, T_BASE);
    put_user_bytes(S_TASK, addr + 2, len - 2, 108 << 8 | T_UNIX);
  } else if (!addr) put_abstract(s, u);
  submit(s, 1, true);
  return 0;
}

/* Connected without a name being looked up: errors that come before the first packet, which no state change tells. */
static __always_inline bool refused_early(s32 e) { return e == 1 || e == 13 || e == 99 || e == 100 || e == 101 || e == 113; }

static __always_inline int say_connect(struct task_struct *t, struct sock *sk, u64 addr, u32 len, long ret) {
  struct peer p;
  s32 err = ret < 0 ? -ret : 0;
  user_peer(addr, len, &p);
  if (p.family == AF_UNIX) return say_unix((u64)sk, addr, len, err, R_CONNECT);
  if (p.family != AF_INET && p.family != AF_INET6) return 0;
  u32 tr = transport_of(sk);
  if (tr == TR_TCP) return refused_early(err) ? say_peer(&p, tr, err, R_CONNECT) : 0;
  if (p.port == DNS_PORT) mark_dns(t->tgid);
  return say_peer(&p, tr, err, R_CONNECT);
}
