// Runs trials for the benchmark `kill`, alternating between two kinds of cgroup: in KERNEL_CGROUP the kernel signals at
// exec, in WATCHED/c0, c1 … (one running copy of a workload each) whoever watches must. One line per trial on stdout, then `end`:
//   kernel|watched  <exec call → reaped, ns>  <exec → first signal taken>  <exec → exit>  <rounds in user mode>  <dead|survived>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "trial.h"
#include "kill.skel.h"

enum { patience_ms = 3000 };

struct shared {
	volatile int go;
	volatile uint64_t exec_call_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "kill: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t inode_of(const char *dir)
{
	struct stat s;
	if (stat(dir, &s) != 0)
		die(dir);
	return s.st_ino;
}

static void enter_cgroup(const char *dir)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/cgroup.procs", dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

// The child enters its cgroup, waits until the tracer knows its pid, then calls exec.
static pid_t start_victim(const char *cgroup, const char *victim, struct shared *shared)
{
	shared->go = 0;
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	enter_cgroup(cgroup);
	while (!shared->go)
		usleep(100);
	char *argv[] = { (char *)victim, NULL };
	char *envp[] = { NULL };
	shared->exec_call_ns = now_ns();
	execve(victim, argv, envp);
	_exit(111);
}

static int wait_dead(pid_t pid, uint64_t *reaped_ns, int *status)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		die("pidfd_open");
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int died = poll(&p, 1, patience_ms) == 1;
	if (!died)
		kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	*reaped_ns = now_ns();
	close(pidfd);
	return died;
}

static void run_trial(struct kill_bpf *bpf, const char *name, const char *cgroup, const char *victim, struct shared *shared)
{
	pid_t pid = start_victim(cgroup, victim, shared);
	memset((void *)&bpf->bss->trial, 0, sizeof bpf->bss->trial);
	bpf->bss->trial.pid = (uint32_t)pid;
	shared->go = 1;
	uint64_t reaped = 0;
	int status = 0;
	int died = wait_dead(pid, &reaped, &status);
	if (WIFEXITED(status)) {
		fprintf(stderr, "kill: the victim could not be started (exit %d)\n", WEXITSTATUS(status));
		exit(1);
	}
	volatile struct trial *t = &bpf->bss->trial;
	printf("%s %llu %llu %llu %llu %s\n", name, (unsigned long long)(reaped - shared->exec_call_ns),
	       t->still_ns - t->exec_ns, t->exit_ns - t->exec_ns, t->rounds, died ? "dead" : "survived");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: kill VICTIM KERNEL_CGROUP WATCHED TRIALS PAUSE_MS\n");
		return 2;
	}
	struct kill_bpf *bpf = kill_bpf__open_and_load();
	if (!bpf)
		die("the tracer could not be loaded");
	if (kill_bpf__attach(bpf) != 0)
		die("the tracer could not be attached");
	bpf->bss->signal_cgroup = inode_of(argv[2]);
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	int trials = atoi(argv[4]);
	unsigned pause_us = (unsigned)atoi(argv[5]) * 1000u;
	for (int i = 0; i < trials; i++) {
		run_trial(bpf, "kernel", argv[2], argv[1], shared);
		usleep(pause_us);
		char copy[4096];
		snprintf(copy, sizeof copy, "%s/c%d", argv[3], i);
		run_trial(bpf, "watched", copy, argv[1], shared);
		usleep(pause_us);
	}
	kill_bpf__destroy(bpf);
	puts("end");
	return 0;
}
