// Puts the programs into the image, each at the start of a page, so that their pages can
// be mapped as they are. The build writes program_list.inc: one line `PROGRAM name` for
// each.

        .macro  PROGRAM name
        .section .programs, "a"
        .balign 4096
program_\name:
        .incbin "\name\().bin"
program_end_\name:
        .section .rodata, "a"
name_\name:
        .asciz  "\name"
        .section .data.program_table, "aw"
        .long   name_\name, program_\name, program_end_\name - program_\name
        .endm

        .section .data.program_table, "aw"
        .balign 4
        .globl  program_table
program_table:
        .include "program_list.inc"
        .section .data.program_table, "aw"
        .long   0, 0, 0

        .section .note.GNU-stack, "", @progbits
