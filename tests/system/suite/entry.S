/* The start of the suite, the way into a probe and the way out of it: every vector of the IDT
   records what it finds and goes on behind RunProbe. */

#include "start.inc"

        START RunSuite

        .text
/* void RunProbe(void): loads `input` and enters its code by IRET. Comes back after the first
   event of any kind, with `outcome` filled by RecordOutcome. */
        .globl  RunProbe
RunProbe:
        pushal
        pushfl
        movl    %esp, resume_esp
        movw    input_gs, %gs
        movw    input_fs, %fs
        movw    input_es, %es
        cmpl    $0, input_frame_words
        jne     2f
        /* A frame of the usual kind. */
        testl   $3, input_cs
        jnz     1f
        movl    input_esp, %esp
        jmp     3f
1:      pushl   input_ss
        pushl   input_esp
3:      pushl   input_eflags
        pushl   input_cs
        pushl   input_eip
        jmp     4f
        /* Or one of the caller's own. */
2:      movl    $input_frame_area + 16, %esp
4:      movl    input_eax, %eax
        movl    input_ecx, %ecx
        movl    input_edx, %edx
        movl    input_ebx, %ebx
        movl    input_esi, %esi
        movl    input_edi, %edi
        movl    input_ebp, %ebp
        pushl   input_ds
        popl    %ds
        iretl

/* 256 stubs of 16 bytes. */
        .balign 16
        .globl  vector_stubs
vector_stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
        pushl   $0x5a5a5a5a     /* no error code */
        .endif
        pushl   $vector
        jmp     record
        .set    vector, vector + 1
        .endr

record: pushal
        pushl   %ds
        pushl   %es
        pushl   %fs
        pushl   %gs
        movl    %esp, %eax
        movl    %ss, %edx
        movl    $0x10, %ecx
        movl    %ecx, %ds
        movl    %ecx, %es
        movl    %ecx, %ss
        movl    resume_esp, %esp
        cld
        pushl   %edx
        pushl   %eax
        call    RecordOutcome
        movl    resume_esp, %esp
        popfl
        popal
        ret

/* The task of #DF: whatever is wrong with stacks, this runs. */
        .globl  OnDoubleFault
OnDoubleFault:
        movl    resume_esp, %esp
        cld
        call    RecordDoubleFault
        movl    resume_esp, %esp
        popfl
        popal
        ret

        .section .data
        .balign 8
gdt_register:
        .word   8 * 64 - 1
        .long   gdt

        .section .bss
        .balign 16
        .space  32768
        .globl  stack_top
stack_top:
resume_esp:
        .long   0

/* What probes can see of addresses: at a fixed place (image.ld), in this order. */
        .section .areas, "aw", @nobits
        .balign 4096
        .globl  code_area, stack_area, handler_stack, destination
code_area:
        .space  4096
stack_area:
        .space  4 * 4096
handler_stack:
        .space  4096
destination:
        .space  16

        .section .note.GNU-stack, "", @progbits
