/* The start of every image: multiboot header, stack, BenchMain. */

#define MAGIC 0x1badb002
#define FLAGS 0x00010003 /* memory information; load fields follow */

        .section .multiboot, "a"
        .balign 4
multiboot_header:
        .long   MAGIC
        .long   FLAGS
        .long   -(MAGIC + FLAGS)
        .long   multiboot_header
        .long   image_start
        .long   image_data_end
        .long   image_bss_end
        .long   image_entry

        .section .text.entry, "ax"
        .globl  image_entry
image_entry:
        cli
        cld
        lgdt    gdt_register
        ljmp    $0x08, $1f
1:      movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    $stack_top, %esp
        call    RunImage
        hlt

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
