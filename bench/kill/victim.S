// A program whose first instruction is its own: it counts its rounds in a register that exec has cleared, and the
// tracer reads that register at its death. 0 means it never ran. It does nothing else and never ends by itself.
	.globl _start
_start:
#if defined(__x86_64__)
	inc %rbx
	jmp _start
#else
	add x19, x19, #1
	b _start
#endif
	.section .note.GNU-stack, "", %progbits
