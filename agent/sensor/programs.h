/* programs.c: loading and attaching the kernel half. */
#ifndef PROGRAMS_H
#define PROGRAMS_H
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_HOOKS 32
struct hook { char name[48]; int attached; struct bpf_program *program; uint64_t missed; };
extern struct hook hooks[MAX_HOOKS];
extern int hook_count;
extern struct bpf_object *object;

/* Number of arguments of a tracepoint (with its leading void *), or -1 where this kernel has none of that name. */
int tracepoint_arguments(const struct btf *btf, const char *name);
/* Ends the program with a reason where the kernel takes nothing at all. */
void load(const struct btf *btf);
void attach(const struct btf *btf);
int map_fd(const char *name);
#endif
