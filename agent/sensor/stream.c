#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "sensor.h"

/*
 * Two rings, one stream. An open (ring 2) must not be told after the exec (ring 1) that came later: it would be charged to
 * the wrong program. Each turn takes the time T first, then ring 1, then ring 2, and sends only what is not younger than T,
 * by time. What one process did one after the other stays in that order: an event is in its ring before the next begins.
 */
#define TURN (1 << 20) /* bytes taken from one ring per turn: the other never waits for more */

struct fifo { unsigned char *bytes; size_t head, tail, room; int full; };
static struct fifo fifo1, fifo2;
static unsigned char out[1 << 17];
static size_t filled;
static int out_fd = 1;

void stream_to(int fd) { out_fd = fd; }

uint64_t boot_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int64_t boot_to_epoch_ns(void) {
  struct timespec t;
  uint64_t before = boot_ns();
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)(t.tv_sec * 1000000000ull + t.tv_nsec) - (int64_t)((before + boot_ns()) / 2);
}

/* A reader that is gone is a normal end: nobody asks for more. */
void stream_flush(void) {
  for (size_t at = 0; at < filled;) {
    ssize_t n = write(out_fd, out + at, filled - at);
    if (n > 0) at += n;
    else if (n < 0 && errno == EINTR && !stopping) continue;
    else if (n < 0 && errno == EINTR) break;
    else { stopping = 1; break; }
  }
  filled = 0;
}

static void send_bytes(const void *bytes, size_t n) {
  if (filled + n > sizeof out) stream_flush();
  memcpy(out + filled, bytes, n);
  filled += n;
}

void record_begin(struct record *r, unsigned short type) {
  memset(r, 0, sizeof *r);
  r->type = type;
  r->len = sizeof *r;
  r->time = boot_ns();
}

void record_field(struct record *r, unsigned short tag, const void *bytes, size_t n) {
  unsigned char *to = (unsigned char *)r + r->len;
  if (n > 8192) { n = 8192; r->flags |= F_TRUNCATED; }
  size_t padded = (n + 3) & ~(size_t)3;
  if (r->len + 4 + padded > RECORD_ROOM) { r->flags |= F_TRUNCATED; return; }
  unsigned short len = n;
  memset(to, 0, 4 + padded);
  memcpy(to, &tag, 2);
  memcpy(to + 2, &len, 2);
  if (n) memcpy(to + 4, bytes, n);
  r->len += 4 + padded;
}

void record_send(struct record *r) { send_bytes(r, r->len); }

static int keep(struct fifo *f, void *bytes, size_t n) {
  if (f->tail + n > f->room) {
    f->room = (f->tail + n) * 2 + TURN;
    f->bytes = realloc(f->bytes, f->room);
    if (!f->bytes) fail("no-memory", "out of memory while holding %zu bytes of events", f->tail);
  }
  memcpy(f->bytes + f->tail, bytes, n);
  f->tail += n;
  f->full = f->tail - f->head > TURN;
  return f->full ? -EAGAIN : 0;
}
int keep1(void *unused, void *bytes, size_t n) { (void)unused; return keep(&fifo1, bytes, n); }
int keep2(void *unused, void *bytes, size_t n) { (void)unused; return keep(&fifo2, bytes, n); }

static struct record *first(struct fifo *f) { return f->head < f->tail ? (struct record *)(f->bytes + f->head) : 0; }

/* Records are not multiples of 8; x86 and arm64 read them unaligned. */
static void pass(struct fifo *f) {
  struct record *r = first(f);
  size_t n = r->len;
  send_bytes(r, n);
  f->head += n;
  if (f->head == f->tail) f->head = f->tail = 0;
}

static uint64_t last_time(struct fifo *f) {
  uint64_t time = 0;
  for (size_t at = f->head; at < f->tail; at += ((struct record *)(f->bytes + at))->len) time = ((struct record *)(f->bytes + at))->time;
  return time;
}

int stream_merge(uint64_t until) {
  if (fifo1.full && last_time(&fifo1) < until) until = last_time(&fifo1);
  if (fifo2.full && last_time(&fifo2) < until) until = last_time(&fifo2);
  int more = fifo1.full || fifo2.full;
  fifo1.full = fifo2.full = 0;
  for (;;) {
    struct record *a = first(&fifo1), *b = first(&fifo2);
    if (a && a->time > until) a = 0;
    if (b && b->time > until) b = 0;
    if (!a && !b) break;
    pass(!b || (a && a->time <= b->time) ? &fifo1 : &fifo2);
  }
  return more || first(&fifo1) || first(&fifo2);
}
