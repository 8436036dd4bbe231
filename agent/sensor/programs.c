/* The kernel half: which of its programs this kernel takes, and where they hang. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "programs.h"
#include "sensor.h"

__asm__(".section .rodata\n.balign 16\n.global object_start\nobject_start:\n.incbin \"whorl.bpf.o\"\n.global object_end\nobject_end:\n.previous\n");
extern const unsigned char object_start[], object_end[];

struct bpf_object *object;
struct hook hooks[MAX_HOOKS];
int hook_count;

/* Number of arguments of a tracepoint (with its leading void *), or -1 where this kernel has none of that name. */
int tracepoint_arguments(const struct btf *btf, const char *name) {
  char full[96];
  snprintf(full, sizeof full, "btf_trace_%s", name);
  int id = btf__find_by_name_kind(btf, full, BTF_KIND_TYPEDEF);
  const struct btf_type *t = id < 0 ? 0 : btf__type_by_id(btf, id);
  for (int i = 0; t && i < 4 && !btf_is_func_proto(t); i++) t = btf__type_by_id(btf, t->type);
  return t && btf_is_func_proto(t) ? btf_vlen(t) : -1;
}

static const char *tracepoint_of(const struct bpf_program *p) {
  const char *s = bpf_program__section_name(p);
  return strncmp(s, "tp_btf/", 7) ? 0 : s + 7;
}

static bool is_handler(const struct bpf_program *p) { return !strncmp(bpf_program__name(p), "sys_", 4); }

static struct bpf_object *open_object(const struct btf *btf) {
  struct bpf_object *o = bpf_object__open_mem(object_start, object_end - object_start, NULL);
  struct bpf_program *p;
  if (!o) fail("load-failed", "the embedded program cannot be read (%s); rebuild the sensor", strerror(errno));
  bpf_object__for_each_program(p, o) {
    const char *tp = tracepoint_of(p);
    if (tp && tracepoint_arguments(btf, tp) < 0) bpf_program__set_autoload(p, false);
    if (!strcmp(bpf_program__name(p), "on_uring_complete") && !config.uring_results) bpf_program__set_autoload(p, false);
  }
  struct bpf_map *m = bpf_object__find_map_by_name(o, ".rodata.cfg");
  if (!m || bpf_map__set_initial_value(m, &config, sizeof config)) fail("load-failed", "the embedded program lacks its settings; rebuild the sensor");
  return o;
}

/* One program this kernel refuses must not cost the others: those are found by loading each alone. */
void load(const struct btf *btf) {
  object = open_object(btf);
  int err = bpf_object__load(object);
  if (!err) return;
  bpf_object__close(object);
  if (err == -EPERM) fail("no-permission", "the kernel refuses BPF programs to this process; run it with CAP_BPF and CAP_PERFMON (or as root)");
  object = open_object(btf);
  struct bpf_program *p, *q;
  bpf_object__for_each_program(p, object) {
    if (!bpf_program__autoload(p)) continue;
    struct bpf_object *one = open_object(btf);
    bpf_object__for_each_program(q, one) if (strcmp(bpf_program__name(q), bpf_program__name(p))) bpf_program__set_autoload(q, false);
    if (bpf_object__load(one)) bpf_program__set_autoload(p, false);
    bpf_object__close(one);
  }
  if ((err = bpf_object__load(object))) fail("load-failed", "the kernel does not accept the sensor's programs (%s); --verbose shows why", strerror(-err));
}

int map_fd(const char *name) { return bpf_object__find_map_fd_by_name(object, name); }

static void hook(struct bpf_program *p, const char *name, int attached) {
  if (hook_count == MAX_HOOKS) return;
  snprintf(hooks[hook_count].name, sizeof hooks[0].name, "%s", name);
  hooks[hook_count].program = attached ? p : 0;
  hooks[hook_count++].attached = attached;
}

static const char *const handler_names[H_COUNT] = { 0, "sys_open", "sys_map", "sys_file", "sys_net", "sys_dns", "sys_privilege", "sys_exec" };

/* Tracepoints of some kernels only (capabilities from 6.14 on; modules, where there are any): without them a word less is covered. */
static bool is_elsewhere(const struct btf *btf, const char *tp) {
  static const char *const some[] = { "module_load", "module_request", "cap_capable" };
  for (unsigned i = 0; i < sizeof some / sizeof *some; i++) if (!strcmp(tp, some[i])) return tracepoint_arguments(btf, tp) < 0;
  return false;
}

void attach(const struct btf *btf) {
  struct bpf_program *p;
  int entry = 0, handlers = map_fd("handlers");
  for (unsigned h = 1; h < H_COUNT; h++) {
    p = bpf_object__find_program_by_name(object, handler_names[h]);
    int fd = p ? bpf_program__fd(p) : -1;
    hook(p, handler_names[h], fd >= 0 && !bpf_map_update_elem(handlers, &h, &fd, BPF_ANY));
  }
  bpf_object__for_each_program(p, object) {
    const char *tp = tracepoint_of(p);
    if (!tp || is_handler(p) || is_elsewhere(btf, tp)) continue;
    struct bpf_link *link = bpf_program__autoload(p) ? bpf_program__attach(p) : 0;
    hook(p, tp, link != 0);
    if (link && !strcmp(tp, "sys_exit")) entry = 1;
  }
  for (int i = 0; !entry && i < hook_count; i++) if (!strncmp(hooks[i].name, "sys_", 4)) hooks[i].attached = 0;
}
