/* The start of every image: multiboot header, stack, BenchMain. */

#include "start.inc"

        START RunImage

/* Selectors: 0x08, 0x10 ring 0; 0x19, 0x21 ring 1; 0x2b, 0x33 ring 3; 0x38 TSS. */
        .section .data
        .balign 8
        .globl  gdt
gdt:    .quad   0
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff
        .quad   0x00cfbb000000ffff
        .quad   0x00cfb3000000ffff
        .quad   0x00cffb000000ffff
        .quad   0x00cff3000000ffff
        .quad   0
gdt_register:
        .word   8 * 8 - 1
        .long   gdt

        .section .bss
        .balign 16
        .space  16384
stack_top:

        .section .note.GNU-stack, "", @progbits
