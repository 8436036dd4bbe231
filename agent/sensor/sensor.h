/* The user half of the sensor: what its files share. */
#ifndef SENSOR_H
#define SENSOR_H
#include <stddef.h>
#include <stdint.h>
#include "whorl.h"

/* system-calls.c: which numbers of this architecture, and of the 32-bit entry, are looked at. */
void fill_system_calls(struct config *c);

/* stream.c: one ordered, length-prefixed stream out of two rings. */
void stream_to(int fd);
void record_begin(struct record *r, unsigned short type);
void record_send(struct record *r);
void record_field(struct record *r, unsigned short tag, const void *bytes, size_t n);
/* Room for one record made in user space. */
#define RECORD_ROOM 24576
int keep1(void *unused, void *bytes, size_t n);
int keep2(void *unused, void *bytes, size_t n);
/* Sends in order of time what both rings gave up to `until`. @return whether something is held back for the next turn. */
int stream_merge(uint64_t until);
void stream_flush(void);
uint64_t boot_ns(void);
int64_t boot_to_epoch_ns(void);

/* found.c: what was there before. */
const char *find_cgroup2(void);
uint64_t inode_of(const char *path);
void send_cgroups(const char *mount);
void send_processes(int iterator);

/* Says why in one sentence, with a code for machines, and ends. */
_Noreturn void fail(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern volatile int stopping;
extern struct config config;
#endif
