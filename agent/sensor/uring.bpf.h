/* io_uring does without system calls: its requests are seen when submitted, its opens at their result. */
enum { URING_CONNECT = 16, URING_OPENAT = 18, URING_SEND = 26, URING_SENDMSG = 9, URING_OPENAT2 = 28, URING_RENAMEAT = 35,
  URING_UNLINKAT = 36, URING_MKDIRAT = 37, URING_SYMLINKAT = 38, URING_LINKAT = 39 };

static __always_inline void put_uring_name(struct task_struct *t, s32 dfd, struct filename *fn, u32 base_tag) {
  const char *name = BPF_CORE_READ(fn, name);
  char first = 0;
  bpf_probe_read_kernel(&first, 1, name);
  if (first == '/') put_dir(S_TASK, t, root, base_tag);
  else if (dfd == AT_FDCWD) put_dir(S_TASK, t, pwd, base_tag);
  else {
    struct file *f = (void *)fd_file(t, dfd);
    put_path(S_TASK, (u64)BPF_CORE_READ(f, f_path.dentry), (u64)BPF_CORE_READ(f, f_path.mnt), base_tag);
  }
  put_kernel_str(S_TASK, (u64)name, base_tag + 1);
}

static __always_inline void uring_peer(struct task_struct *t, struct io_kiocb *req) {
  struct io_async_msghdr *h = BPF_CORE_READ(req, async_data);
  struct socket *so = BPF_CORE_READ(req, file, private_data);
  struct sock *sk = BPF_CORE_READ(so, sk);
  struct { u16 family, port; u8 rest[24]; } u = {};
  struct peer p = {};
  if (!h || bpf_core_read(&u, sizeof u, &h->addr)) return;
  if (u.family == AF_INET) __builtin_memcpy(p.addr, u.rest, 4);
  else if (u.family == AF_INET6) __builtin_memcpy(p.addr, u.rest + 4, 16);
  else return;
  p.family = u.family;
  p.port = __builtin_bswap16(u.port);
  u32 tr = transport_of(sk);
  if (tr == TR_TCP) return; /* told by its state */
  if (p.port == DNS_PORT) mark_dns(t->tgid);
  say_peer(&p, tr | VIA_URING << 8, 0, R_CONNECT);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *req) {
  struct task_struct *t = bpf_get_current_task_btf();
  if (ignored(t->tgid)) return 0;
  u64 cg = cgroup_of(t), now = bpf_ktime_get_boot_ns();
  u8 op = req->opcode;
  u32 type, what = 0;
  switch (op) {
    case URING_CONNECT: case URING_SEND: case URING_SENDMSG: uring_peer(t, req); return 0;
    case URING_OPENAT: case URING_OPENAT2: if (cfg.uring_results) return 0; type = R_OPEN; break;
    case URING_UNLINKAT: type = R_DELETE; break;
    case URING_RENAMEAT: type = R_RENAME; break;
    case URING_LINKAT: type = R_LINK; break;
    case URING_SYMLINKAT: type = R_LINK; what = 1; break;
    case URING_MKDIRAT: type = R_CHANGE; what = CH_MKDIR; break;
    default: return 0;
  }
  if (files_off(cg) || !may(cg, type == R_OPEN ? C_OPEN : C_FILE, now)) return 0;
  struct scratch *s = begin(S_TASK, type, t, now);
  if (!s) return 0;
  s->r.flags = F_URING;
  s->r.a = what;
  if (type == R_OPEN) {
    struct io_open *o = (void *)req;
    put_uring_name(t, BPF_CORE_READ(o, dfd), BPF_CORE_READ(o, filename), T_BASE);
  } else if (type == R_DELETE || type == R_CHANGE) {
    struct io_unlink *u = (void *)req;
    struct io_mkdir *d = (void *)req;
    if (type == R_DELETE) put_uring_name(t, BPF_CORE_READ(u, dfd), BPF_CORE_READ(u, filename), T_BASE);
    else put_uring_name(t, BPF_CORE_READ(d, dfd), BPF_CORE_READ(d, filename), T_BASE);
  } else if (type == R_RENAME) {
    struct io_rename *r = (void *)req;
    put_uring_name(t, BPF_CORE_READ(r, old_dfd), BPF_CORE_READ(r, oldpath), T_BASE);
    put_uring_name(t, BPF_CORE_READ(r, new_dfd), BPF_CORE_READ(r, newpath), T_BASE2);
  } else {
    struct io_link *l = (void *)req;
    put_uring_name(t, what ? AT_FDCWD : BPF_CORE_READ(l, old_dfd), BPF_CORE_READ(l, oldpath), T_BASE);
    put_uring_name(t, BPF_CORE_READ(l, new_dfd), BPF_CORE_READ(l, newpath), T_BASE2);
  }
  submit(s, type == R_OPEN ? 2 : 1, false);
  return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete, struct io_ring_ctx *ring, struct io_kiocb *req_, struct io_uring_cqe *cqe) {
  struct io_kiocb *req = (void *)ctx[1];
  if (!req) return 0;
  u8 op = BPF_CORE_READ(req, opcode);
  if (op != URING_OPENAT && op != URING_OPENAT2) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  if (ignored(t->tgid) || files_off(cgroup_of(t))) return 0;
  s32 res = BPF_CORE_READ(cqe, res);
  if (res < 0) return 0; /* its name is gone by now */
  struct io_open *o = (void *)req;
  u32 slot = BPF_CORE_READ(o, file_slot);
  if (!slot) {
    u64 f = fd_file(t, res);
    return f ? opened(t, f, 0, F_URING) : 0;
  }
  /* Opened straight into the ring's own table: there is no descriptor. */
  struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes), *node = 0;
  u32 index = slot == ~0u ? (u32)res : slot - 1;
  if (index >= BPF_CORE_READ(ring, file_table.data.nr)) return 0;
  bpf_probe_read_kernel(&node, sizeof node, nodes + index);
  u64 f = BPF_CORE_READ(node, file_ptr) & ~7ull;
  return f ? opened(t, f, 0, F_URING) : 0;
}
