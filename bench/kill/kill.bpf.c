// SPDX-License-Identifier: GPL-2.0
// (the kernel gives bpf_send_signal and the tracing helpers to GPL programs only; nothing of Whorl links against this)
//
// Two things for the benchmark `kill`: it stamps exec and exit of every victim on one clock, whoever kills it, and in
// the cgroup `signal_cgroup` it is the killer itself: the fastest stop there can be.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "trial.h"

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

#if defined(__TARGET_ARCH_x86)
struct pt_regs___kernel {
	unsigned long bx;
} __attribute__((preserve_access_index));
#define ROUNDS(regs) BPF_CORE_READ(regs, bx)
#else
struct pt_regs___kernel {
	unsigned long long regs[31];
} __attribute__((preserve_access_index));
#define ROUNDS(regs) BPF_CORE_READ(regs, regs[19])
#endif

// One victim lives at a time; the loader sets `pid` before the victim may exec and reads the rest after its death.
volatile struct trial trial = {};
volatile __u64 signal_cgroup = 0;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	if (BPF_CORE_READ(task, tgid) != (int)trial.pid)
		return 0;
	trial.exec_ns = bpf_ktime_get_ns();
	if (bpf_get_current_cgroup_id() == signal_cgroup)
		trial.signalled = bpf_send_signal(9) == 0;
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int sig)
{
	if ((unsigned int)(bpf_get_current_pid_tgid() >> 32) == trial.pid && !trial.still_ns)
		trial.still_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	if (BPF_CORE_READ(task, pid) != (int)trial.pid)
		return 0;
	struct pt_regs___kernel *regs = (void *)bpf_task_pt_regs(task);
	trial.rounds = ROUNDS(regs);
	trial.exit_ns = bpf_ktime_get_ns();
	return 0;
}
