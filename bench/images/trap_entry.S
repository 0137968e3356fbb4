/* Handlers, and the way to an outer ring and back. */

        .text

        .globl  OnSystemCall
OnSystemCall:
        incl    trap_count
        iretl

/* Only a CLI is expected: the handler looks, and goes on behind it. */
        .globl  OnProtectionFault
OnProtectionFault:
        pushl   %eax
        movl    8(%esp), %eax
        cmpb    $0xfa, (%eax)
        jne     OnUnexpected
        incl    8(%esp)
        incl    trap_count
        popl    %eax
        addl    $4, %esp
        iretl

        .globl  OnPageFault
OnPageFault:
        pushl   %eax
        pushl   %ecx
        pushl   %edx
        movl    %cr2, %eax
        incl    trap_count
        pushl   %eax
        call    MapPage
        addl    $4, %esp
        popl    %edx
        popl    %ecx
        popl    %eax
        addl    $4, %esp
        iretl

        .globl  OnUnexpected
OnUnexpected:
        call    UnexpectedTrap

/* EnterRing(code selector, data selector, function) */
        .globl  EnterRing
EnterRing:
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movl    20(%esp), %ecx
        movl    24(%esp), %edx
        movl    28(%esp), %eax
        movl    %esp, saved_esp
        movl    %edx, %ds
        movl    %edx, %es
        pushl   %edx
        pushl   $outer_stack_top
        pushl   $2              /* EFLAGS: IOPL 0, interrupts off */
        pushl   %ecx
        pushl   $outer_start
        iretl
outer_start:
        call    *%eax
        int     $0x81

        .globl  OnLeaveRing
OnLeaveRing:
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    saved_esp, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        ret

        .section .bss
        .balign 16
        .space  4096
outer_stack_top:
saved_esp:
        .long   0
        .globl  trap_count
trap_count:
        .long   0

        .section .note.GNU-stack, "", @progbits
