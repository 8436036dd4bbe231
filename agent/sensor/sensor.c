/* whorl-sensor: loads the kernel half, attaches what this kernel has, streams records until its reader goes. README.md */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "programs.h"
#include "sensor.h"

/* Idle: 20 turns a second cost 0.1 % of a core; busy: what need not wake us waits 5 ms at most. */
#define BUSY_MS 5
#define IDLE_MS 50
#define LOSS_NS 200000000ull
#define BEAT_NS 10000000000ull

volatile int stopping;
struct config config;
static int check, verbose;
static _Alignas(8) unsigned char room[RECORD_ROOM];
static struct record *const rec = (struct record *)room;

_Noreturn void fail(const char *code, const char *format, ...) {
  char text[512];
  va_list a;
  va_start(a, format);
  vsnprintf(text, sizeof text, format, a);
  va_end(a);
  if (check) { printf("{\"ok\":false,\"reason\":\"%s\",\"message\":\"%s\"}\n", code, text); exit(1); }
  fprintf(stderr, "whorl-sensor: %s: %s\n", code, text);
  exit(strcmp(code, "bad-usage") ? 1 : 2);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list a) {
  return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, format, a) : 0;
}
static void on_signal(int s) { (void)s; stopping = 1; }

static void settings(const struct btf *btf, const char *cgroup2) {
  /* Per cgroup. Opens: the busiest workload measured does 5 k/s; failed ones are evidence only. */
  static const struct { unsigned rate, burst; } limit[C_COUNT] = {
    [C_OPEN] = {10000, 20000}, [C_WRITE] = {10000, 20000}, [C_FAILED] = {50, 200}, [C_LOAD] = {5000, 20000},
    [C_FILE] = {5000, 20000}, [C_NET] = {5000, 20000}, [C_PRIVILEGE] = {1000, 5000}, [C_ACCEPT] = {100, 1000},
    /* Once per process image and capability: as many as a build starts programs. */
    [C_CAPABILITY] = {2000, 10000},
  };
  for (int i = 0; i < C_COUNT; i++) {
    if (!limit[i].rate) continue; /* a reason that is no class */
    config.cost[i] = 1000000000ull / limit[i].rate;
    config.burst[i] = config.cost[i] * limit[i].burst;
  }
  fill_system_calls(&config);
  config.self = getpid();
  config.root_cgroup = inode_of(cgroup2);
  uint64_t ns = inode_of("/proc/1/ns/mnt");
  config.host_mnt_ns = ns ? ns : inode_of("/proc/self/ns/mnt");
  config.exit_tells_group = tracepoint_arguments(btf, "sched_process_exit") >= 3;
  config.uring_results = tracepoint_arguments(btf, "io_uring_complete") == 4;
}

/* Losses so far, as told last; the kernel only ever adds. 8192 as in the map. */
static struct { struct loss_key key; uint64_t told; } told[8192];
static int told_count;
static uint64_t last_loss_turn;
/* Not gaps: failed opens are evidence only, accepted peers are counted. */
static uint64_t unsent[2];

static void send_gap(uint64_t cgroup, unsigned reason, uint64_t lost, uint64_t now) {
  record_begin(rec, R_GAP);
  rec->cgroup = cgroup;
  rec->error = reason;
  rec->a = lost;
  rec->b = last_loss_turn;
  rec->c = now;
  record_send(rec);
}

static uint64_t *told_of(const struct loss_key *k) {
  for (int i = 0; i < told_count; i++) if (!memcmp(&told[i].key, k, sizeof *k)) return &told[i].told;
  if (told_count == 8192) return 0;
  told[told_count].key = *k;
  return &told[told_count++].told;
}

static void send_losses(void) {
  struct loss_key key, next, *from = NULL;
  struct loss l;
  uint64_t now = boot_ns();
  int fd = map_fd("losses");
  while (!bpf_map_get_next_key(fd, from, &next)) {
    uint64_t *t = told_of(&next);
    if (t && !bpf_map_lookup_elem(fd, &next, &l) && l.count > *t) {
      if (next.reason == C_FAILED || next.reason == C_ACCEPT) unsent[next.reason == C_ACCEPT] += l.count - *t;
      else send_gap(next.cgroup, next.reason, l.count - *t, now);
      *t = l.count;
    }
    key = next;
    from = &key;
  }
  for (int i = 0; i < hook_count; i++) {
    struct bpf_prog_info info = {};
    __u32 n = sizeof info;
    if (!hooks[i].program || bpf_obj_get_info_by_fd(bpf_program__fd(hooks[i].program), &info, &n)) continue;
    if (info.recursion_misses > hooks[i].missed) send_gap(0, L_RECURSION, info.recursion_misses - hooks[i].missed, now);
    hooks[i].missed = info.recursion_misses;
  }
  last_loss_turn = now;
}

static void send_hello(unsigned short type) {
  struct utsname u;
  record_begin(rec, type);
  rec->a = (uint64_t)boot_to_epoch_ns();
  rec->b = WHORL_VERSION;
  rec->c = config.root_cgroup;
  rec->start = unsent[0];
  rec->pstart = unsent[1];
  if (type == R_HELLO) {
    uname(&u);
    record_field(rec, T_TEXT, u.release, strlen(u.release));
    for (int i = 0; i < hook_count; i++) {
      char text[64] = { hooks[i].attached };
      size_t n = strlen(hooks[i].name);
      memcpy(text + 1, hooks[i].name, n);
      record_field(rec, T_HOOK, text, n + 1);
    }
  }
  record_send(rec);
}

static int accept_one(const char *path) {
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  if (strlen(path) >= sizeof a.sun_path) fail("bad-usage", "the socket path is longer than %zu bytes", sizeof a.sun_path - 1);
  strcpy(a.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat st;
  if (!lstat(path, &st) && S_ISSOCK(st.st_mode)) unlink(path); /* left by a sensor that was killed */
  mode_t old = umask(0117);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1)) fail("listen-failed", "cannot listen on the socket: %s", strerror(errno));
  umask(old);
  int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  close(fd); /* one peer: two readers would each see half */
  unlink(path);
  if (peer < 0) exit(stopping ? 0 : 1);
  return peer;
}

static void run(int out, struct ring_buffer *one, struct ring_buffer *two) {
  uint64_t beat = boot_ns(), loss = beat, busy = beat;
  struct pollfd wait[3] = { { ring_buffer__epoll_fd(one), POLLIN, 0 }, { ring_buffer__epoll_fd(two), POLLIN, 0 }, { out, 0, 0 } };
  while (!stopping) {
    uint64_t until = boot_ns();
    int a = ring_buffer__consume(one), b = ring_buffer__consume(two);
    int more = stream_merge(until);
    if (until - loss > LOSS_NS) { send_losses(); loss = until; }
    if (until - beat > BEAT_NS) { send_hello(R_STATS); beat = until; }
    stream_flush();
    if (a || b) busy = until;
    if (more || stopping) continue;
    if (poll(wait, 3, boot_ns() - busy < 1000000000ull ? BUSY_MS : IDLE_MS) > 0 && wait[2].revents) stopping = 1;
  }
}

static void usage(FILE *to) {
  fputs("usage: whorl-sensor [--listen PATH] [--ignore-pid PID]... [--host-files] [--check] [--verbose] [--version]\n"
        "Writes kernel events as binary records (agent/sensor/README.md) to stdout, or to the first peer of a unix socket.\n", to);
}

static const char *options(int argc, char **argv) {
  const char *path = NULL;
  int ignored = 0;
  for (int i = 1; i < argc; i++) {
    const char *o = argv[i];
    if (!strcmp(o, "--check")) check = 1;
    else if (!strcmp(o, "--verbose")) verbose = 1;
    else if (!strcmp(o, "--host-files")) config.host_files = 1;
    else if (!strcmp(o, "--version")) { printf("whorl-sensor %d\n", WHORL_VERSION); exit(0); }
    else if (!strcmp(o, "--help")) { usage(stdout); exit(0); }
    else if (!strcmp(o, "--listen") && i + 1 < argc) path = argv[++i];
    else if (!strcmp(o, "--ignore-pid") && i + 1 < argc && ignored < MAX_IGNORED && atoi(argv[i + 1]) > 0) config.ignored[ignored++] = atoi(argv[++i]);
    else { usage(stderr); fail("bad-usage", "unknown or incomplete option, or more than %d pids to ignore", MAX_IGNORED); }
  }
  return path;
}

static void send_found(const char *cgroup2) {
  send_hello(R_HELLO);
  send_cgroups(cgroup2);
  struct bpf_program *p = bpf_object__find_program_by_name(object, "found");
  struct bpf_link *link = p && bpf_program__autoload(p) ? bpf_program__attach_iter(p, NULL) : NULL;
  int it = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
  if (it >= 0) { send_processes(it); close(it); }
  else send_gap(0, L_FOUND, 0, boot_ns());
  if (link) bpf_link__destroy(link);
  record_begin(rec, R_READY);
  record_send(rec);
  stream_flush();
}

int main(int argc, char **argv) {
  const char *path = options(argc, argv);
  struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGPIPE, &ignore, NULL);
  libbpf_set_print(quiet);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  struct btf *btf = btf__load_vmlinux_btf();
  if (!btf) fail("no-btf", "this kernel carries no type information (/sys/kernel/btf/vmlinux); a kernel built with CONFIG_DEBUG_INFO_BTF is needed");
  const char *cgroup2 = find_cgroup2();
  if (!cgroup2) fail("no-cgroup2", "no cgroup2 file system is mounted; mount -t cgroup2 none /sys/fs/cgroup/unified");
  settings(btf, cgroup2);
  int out = path && !check ? accept_one(path) : 1;
  stream_to(out);
  load(btf);
  struct bpf_map *m1 = bpf_object__find_map_by_name(object, "ring1"), *m2 = bpf_object__find_map_by_name(object, "ring2");
  struct ring_buffer *one = ring_buffer__new(bpf_map__fd(m1), keep1, NULL, NULL), *two = ring_buffer__new(bpf_map__fd(m2), keep2, NULL, NULL);
  if (!one || !two) fail("load-failed", "cannot map the ring buffers: %s", strerror(errno));
  uint64_t shared = 0, zero[C_COUNT] = {};
  bpf_map_update_elem(map_fd("credit"), &shared, zero, BPF_ANY);
  struct loss_key none = {};
  struct loss no = {};
  bpf_map_update_elem(map_fd("losses"), &none, &no, BPF_ANY);
  last_loss_turn = boot_ns();
  attach(btf);
  btf__free(btf);
  malloc_trim(0); /* type information took 30 MB */
  if (check) {
    printf("{\"ok\":true,\"version\":%d,\"cgroup2\":\"%s\",\"hooks\":{", WHORL_VERSION, cgroup2);
    for (int i = 0; i < hook_count; i++) printf("%s\"%s\":%s", i ? "," : "", hooks[i].name, hooks[i].attached ? "true" : "false");
    puts("}}");
    return 0;
  }
  send_found(cgroup2);
  run(out, one, two);
  return 0;
}
