#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sensor.h"

static _Alignas(8) unsigned char room[RECORD_ROOM];
static struct record *const rec = (struct record *)room;

uint64_t inode_of(const char *path) {
  struct stat st;
  return stat(path, &st) ? 0 : st.st_ino;
}

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char *s) {
  char *to = s;
  for (; *s; s++) {
    if (s[0] == '\\' && s[1] && s[2] && s[3]) { *to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'); s += 3; }
    else *to++ = *s;
  }
  *to = 0;
}

const char *find_cgroup2(void) {
  static char mount[4096];
  char line[8192], type[64];
  FILE *f = fopen("/proc/self/mountinfo", "re");
  if (!f) return 0;
  int found = 0;
  while (!found && fgets(line, sizeof line, f)) {
    char *dash = strstr(line, " - ");
    found = dash && sscanf(dash + 3, "%63s", type) == 1 && !strcmp(type, "cgroup2") && sscanf(line, "%*s %*s %*s %*s %4095s", mount) == 1;
  }
  fclose(f);
  if (!found) return 0;
  unescape(mount);
  return mount;
}

static size_t mount_length;
static int send_cgroup(const char *path, const struct stat *st, int kind, struct FTW *w) {
  (void)w;
  if (kind != FTW_D) return 0;
  const char *below = path[mount_length] ? path + mount_length : "/";
  record_begin(rec, R_CGROUP);
  rec->flags = F_FOUND;
  rec->b = st->st_ino;
  record_field(rec, T_TEXT, below, strlen(below));
  record_send(rec);
  return stopping;
}
void send_cgroups(const char *mount) {
  mount_length = strlen(mount);
  nftw(mount, send_cgroup, 32, FTW_PHYS | FTW_MOUNT);
}

static size_t read_file(const char *path, unsigned char *to, size_t max) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0) return 0;
  for (ssize_t n; got < max && (n = read(fd, to + got, max - got)) > 0;) got += n;
  close(fd);
  return got;
}

static void send_process(const struct record *r) {
  static unsigned char args[4097];
  char path[64];
  memcpy(room, r, r->len < RECORD_ROOM ? r->len : RECORD_ROOM);
  if (rec->len < sizeof *rec || rec->len > RECORD_ROOM) return;
  snprintf(path, sizeof path, "/proc/%u/cmdline", rec->pid);
  size_t n = read_file(path, args, sizeof args);
  if (n > 4096) { n = 4096; rec->flags |= F_TRUNCATED; }
  record_field(rec, T_ARGS, args, n);
  record_send(rec);
}

void send_processes(int iterator) {
  static _Alignas(8) unsigned char buffer[1 << 17];
  static _Alignas(8) unsigned char one[RECORD_ROOM];
  size_t held = 0;
  for (ssize_t n; !stopping; held += n) {
    n = read(iterator, buffer + held, sizeof buffer - held);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) { n = 0; continue; }
    if (n <= 0) return;
    size_t at = 0, end = held + n;
    while (end - at >= sizeof(struct record)) {
      unsigned int len;
      memcpy(&len, buffer + at, 4);
      if (len < sizeof(struct record) || len > sizeof one) return; /* not ours: the stream of records is lost */
      if (end - at < len) break;
      memcpy(one, buffer + at, len);
      send_process((struct record *)one);
      at += len;
    }
    memmove(buffer, buffer + at, end - at);
    held = end - at - n; /* the loop adds n */
  }
}
