// The first instructions, and the way in and out of the kernel. Everything that cannot be
// said in C is in this file.

#include "kernel/layout.h"

#define PHYS(symbol) ((symbol) - KERNEL_BASE)

        .section .text.start, "ax"

// The Launcher enters here, at the physical address, in ring 1. The Host's boot tables
// map memory twice: at its physical address, where we are, and at KERNEL_BASE, where we
// are linked. ESI is the address of the boot parameters. There is no stack.
        .globl startup_32
startup_32:
        cld
        cmpw    $0x207, 0x206(%esi)             // protocol with subarchitectures
        jb      not_lguest
        cmpl    $1, 0x23c(%esi)                 // hardware_subarch: 1 is lguest
        jne     not_lguest

        movl    $PHYS(kernel_bss_start), %edi
        movl    $PHYS(kernel_end), %ecx
        subl    %edi, %ecx
        shrl    $2, %ecx
        xorl    %eax, %eax
        rep stosl

// The first hypercall tells the Host where lguest_data is. It is made with VMCALL, which
// raises an invalid-opcode fault in ring 1; the Host sees what we meant, writes `int
// $0x1f` over it, and lets us try again. All later calls use `int $0x1f` at once. A
// Launcher recognises the generation of a kernel by exactly these bytes.
        .globl lguest_entry
lguest_entry:
        movl    $1, %eax                        // LGUEST_INIT
        movl    $PHYS(lguest_data), %ebx
        .byte   0x0f, 0x01, 0xc1                // vmcall

        movl    $boot_stack_end, %esp
        xorl    %ebp, %ebp
        movl    $lguest_init, %eax              // absolute: at KERNEL_BASE from here
        call    *%eax

not_lguest:
        ud2

        .text

// One stub for each vector, 16 bytes apart. A stub makes all stack frames look alike:
// seven exceptions come with an error code, for the others it pushes a zero.
        .globl  trap_stubs
        .balign 16
trap_stubs:
        .set    vector, 0
        .rept   64
        .balign 16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
        pushl   $0
        .endif
        pushl   $vector
        jmp     trap_entry
        .set    vector, vector + 1
        .endr

// System calls come straight from the program, without a visit to the Host.
        .globl  syscall_stub
        .balign 16
syscall_stub:
        pushl   $0
        pushl   $0x80

// Completes struct TrapFrame (traps.h) and calls the C part. The kernel runs with virtual
// interrupts off: that one store replaces every lock.
//
// The popf drops flags that a program may have left behind: DF, which C code needs clear,
// and NT and TF, which would spoil our own iret. It cannot touch the real interrupt flag:
// in ring 1, with IOPL 0, the processor ignores that bit.
trap_entry:
        pushal
        pushl   %ds
        pushl   %es
        movl    $0, %ss:lguest_data             // irq_enabled is its first field
        pushl   $2
        popfl
        movl    $USER_DS, %eax                  // flat like KERNEL_DS, and survives the iret
        movl    %eax, %ds
        movl    %eax, %es
        pushl   %esp
        call    HandleTrap
        addl    $4, %esp

// Back to where the trap came from. iret cannot change the real interrupt flag here, so
// the virtual one takes its value from the EFLAGS image that iret is about to load. If an
// interrupt came between the store and the iret, its frame would pile up on ours, again
// and again under load; so the Host delivers none in this range (lguest_data.noirq_start
// and noirq_end).
return_from_trap:
        popl    %es
        popl    %ds
        popal
        addl    $8, %esp                        // vector and error code
        pushl   %eax
        movl    12(%esp), %eax                  // EFLAGS behind EAX, EIP, CS
        .globl  lguest_noirq_start, lguest_noirq_end
lguest_noirq_start:
        movl    %eax, %ss:lguest_data
        popl    %eax
        iret
lguest_noirq_end:

// void SwitchStack(u32* old_esp, u32 new_esp): goes to sleep on one kernel stack and
// wakes up on another. A C function may change EAX, ECX and EDX; the rest is saved.
        .globl  SwitchStack
SwitchStack:
        movl    4(%esp), %eax
        movl    8(%esp), %edx
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    %esp, (%eax)
        movl    %edx, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        ret

// Where a new process wakes up for the first time: on its stack lies a struct TrapFrame.
        .globl  first_return
first_return:
        call    FinishSwitch
        jmp     return_from_trap

        .bss
        .balign 4096
        .globl  boot_stack
boot_stack:
        .skip   4096
boot_stack_end:

        .section .note.GNU-stack, "", @progbits
