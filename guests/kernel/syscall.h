// System calls: what programs ask of the kernel (common/syscalls.h).
#ifndef GUEST_KERNEL_SYSCALL_H_
#define GUEST_KERNEL_SYSCALL_H_

struct TrapFrame;

// Takes number and arguments from the frame and leaves the answer there.
void HandleSyscall(struct TrapFrame* frame);

#endif  // GUEST_KERNEL_SYSCALL_H_
