// What the tracer in the kernel tells the loader of the one victim that lives at a time.
#pragma once

struct trial {
	unsigned int pid;
	unsigned int signalled;
	unsigned long long exec_ns;
	unsigned long long still_ns; // its first signal was delivered: from here on it runs nothing of its own
	unsigned long long exit_ns;
	unsigned long long rounds; // what the victim's own first instruction counted
};
