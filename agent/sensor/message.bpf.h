/* Data sent and received: the peers that calls name, and questions and answers of DNS. */

/* `what`: transport | answer << 8 */
__noinline int say_dns(struct peer *p, u32 what, u64 buf, u64 len) {
  if (!p) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  if (len < 12) return 0;
  u64 now = bpf_ktime_get_boot_ns();
  if (!may(cgroup_of(t), C_NET, now)) return 0;
  struct scratch *s = begin(S_TASK, R_DNS, t, now);
  if (!s) return 0;
  put_peer(s, p, what & 255, 0);
  s->r.c = what >> 8;
  put_user_bytes(S_TASK, buf, len, PAYLOAD_MAX << 8 | T_PAYLOAD);
  submit(s, 1, true);
  return 0;
}

struct message { u64 name, buf, len; u32 namelen; };

/* struct msghdr of the caller, 64 or 32 bit; the first piece that holds more than the length prefix of DNS over TCP. */
__noinline int read_iov(u64 iov, u64 n, u32 compat, struct message *m) {
  if (!m) return 0;
  u64 w[4] = {};
  u32 h[4] = {};
  if (compat) {
    bpf_probe_read_user(h, n > 1 ? 16 : 8, (void *)iov);
    w[0] = h[0]; w[1] = h[1]; w[2] = h[2]; w[3] = h[3];
  } else bpf_probe_read_user(w, n > 1 ? 32 : 16, (void *)iov);
  bool second = w[1] == 2 && n > 1;
  m->buf = second ? w[2] : w[0];
  m->len = second ? w[3] : w[1];
  return 0;
}
__noinline int read_msghdr(u64 at, u32 compat, struct message *m) {
  if (!m) return 0;
  __builtin_memset(m, 0, sizeof *m);
  u64 iov, n;
  if (compat) {
    u32 h[4] = {};
    bpf_probe_read_user(h, sizeof h, (void *)at);
    m->name = h[0]; m->namelen = h[1]; iov = h[2]; n = h[3];
  } else {
    u64 h[4] = {};
    bpf_probe_read_user(h, sizeof h, (void *)at);
    m->name = h[0]; m->namelen = (u32)h[1]; iov = h[2]; n = h[3];
  }
  return read_iov(iov, n, compat, m);
}

/* One datagram sent, or stream data: tells the peer where the call names one, and a question where it goes to port 53. */
__noinline int sent(u32 fd, struct message *m, long ret, u32 via) {
  if (!m) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  struct sock *sk = fd_sock(t, fd);
  struct peer p;
  s32 err = ret < 0 ? -ret : 0;
  if (!sk) return 0;
  u32 tr = transport_of(sk);
  u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
  if (family == AF_UNIX) return m->name && m->namelen > 2 ? say_unix((u64)sk, m->name, m->namelen, err, R_CONNECT) : 0;
  if (family != AF_INET && family != AF_INET6) return 0;
  if (m->name && m->namelen && tr != TR_TCP) {
    user_peer(m->name, m->namelen, &p);
    if (p.family != AF_INET && p.family != AF_INET6) return 0;
    if (p.port == DNS_PORT) mark_dns(t->tgid);
    say_peer(&p, tr | via << 8, err, R_CONNECT);
  } else sock_peer(sk, &p);
  if (p.port == DNS_PORT && !err && (tr == TR_UDP || tr == TR_TCP)) {
    mark_dns(t->tgid); /* the socket may have been opened by another process */
    say_dns(&p, tr, m->buf, m->len < (u64)ret || tr == TR_TCP ? m->len : (u64)ret);
  }
  return 0;
}

__noinline int received(u32 fd, struct message *m, long ret) {
  if (!m) return 0;
  struct task_struct *t = bpf_get_current_task_btf();
  struct sock *sk = fd_sock(t, fd);
  struct peer p;
  if (!sk || ret < 12) return 0;
  u32 tr = transport_of(sk);
  sock_peer(sk, &p);
  if (!p.port && m->name && m->namelen) user_peer(m->name, m->namelen, &p);
  if (p.port != DNS_PORT || (p.family != AF_INET && p.family != AF_INET6)) return 0;
  return say_dns(&p, tr | 1 << 8, m->buf, ret);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_net, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  struct message m = {};
  struct peer p;
  load_args(&a, regs, t);
  if (a.op == OP_SOCKETCALL) {
    u32 w[6] = {};
    bpf_probe_read_user(w, sizeof w, (void *)a.v[1]);
    switch (a.v[0]) {
      case 2: a.op = OP_BIND; break;
      case 3: a.op = OP_CONNECT; break;
      case 4: a.op = OP_LISTEN; break;
      case 5: case 18: a.op = OP_ACCEPT; break;
      case 9: a.op = OP_SENDTO; w[4] = 0; break;
      case 11: a.op = OP_SENDTO; break;
      case 16: a.op = OP_SENDMSG; break;
      default: return 0;
    }
    for (int i = 0; i < 6; i++) a.v[i] = w[i];
  }
  switch (a.op) {
    case OP_CONNECT: {
      struct sock *sk = fd_sock(t, a.v[0]);
      return sk ? say_connect(t, sk, a.v[1], a.v[2], ret) : 0;
    }
    case OP_BIND: {
      struct sock *sk = fd_sock(t, a.v[0]);
      if (!sk || ret < 0) return 0;
      user_peer(a.v[1], a.v[2], &p);
      if ((p.family != AF_INET && p.family != AF_INET6) || transport_of(sk) != TR_UDP) return 0;
      return say_peer(&p, TR_UDP, 0, R_LISTEN);
    }
    case OP_LISTEN: {
      struct sock *sk = fd_sock(t, a.v[0]);
      if (!sk || ret < 0 || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX) return 0;
      return say_unix((u64)sk, 0, 0, 0, R_LISTEN);
    }
    case OP_ACCEPT: {
      struct sock *sk = ret < 0 ? 0 : fd_sock(t, ret);
      if (!sk) return 0;
      sock_peer(sk, &p);
      return p.family == AF_INET || p.family == AF_INET6 ? say_peer(&p, TR_TCP, 0, R_ACCEPT) : 0;
    }
    case OP_SENDTO:
      m.buf = a.v[1]; m.len = a.v[2]; m.name = a.v[4]; m.namelen = a.v[5];
      return sent(a.v[0], &m, ret, VIA_SENDTO);
    case OP_SENDMSG:
      read_msghdr(a.v[1], a.compat, &m);
      return sent(a.v[0], &m, ret, VIA_SENDMSG);
    case OP_SENDMMSG:
      /* The first four of a batch: resolvers send two. */
      for (int i = 0; i < 4; i++) {
        if (i >= ret && i) break;
        read_msghdr(a.v[1] + (u64)i * (a.compat ? 32 : 64), a.compat, &m);
        sent(a.v[0], &m, ret < 0 ? ret : (long)m.len, VIA_SENDMSG);
      }
      return 0;
  }
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_dns, struct pt_regs *regs, long ret) {
  struct task_struct *t = bpf_get_current_task_btf();
  struct args a;
  struct message m = {};
  load_args(&a, regs, t);
  if (ret <= 0) return 0;
  switch (a.op) {
    case OP_RECVFROM:
      m.buf = a.v[1]; m.name = a.v[4]; m.namelen = 28;
      return received(a.v[0], &m, ret);
    case OP_RECVMSG:
      read_msghdr(a.v[1], a.compat, &m);
      return received(a.v[0], &m, ret);
    case OP_RECVMMSG:
      for (int i = 0; i < 4; i++) {
        if (i >= ret) break;
        u64 at = a.v[1] + (u64)i * (a.compat ? 32 : 64);
        u32 n = 0;
        read_msghdr(at, a.compat, &m);
        bpf_probe_read_user(&n, 4, (void *)(at + (a.compat ? 28 : 56)));
        received(a.v[0], &m, n);
      }
      return 0;
    case OP_READ:
      m.buf = a.v[1];
      return received(a.v[0], &m, ret);
    case OP_READV:
      read_iov(a.v[1], a.v[2], a.compat, &m);
      return received(a.v[0], &m, ret);
    case OP_WRITE:
      m.buf = a.v[1]; m.len = ret;
      return sent(a.v[0], &m, ret, 0);
    case OP_WRITEV:
      read_iov(a.v[1], a.v[2], a.compat, &m);
      return sent(a.v[0], &m, ret, 0);
  }
  return 0;
}
