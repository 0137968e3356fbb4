/* The boot sector for emulators that cannot load multiboot images by themselves. Behind it on
   the disk lies one image, whose header begins at the image's first byte and has load fields.

   Real mode: ask for the size of memory, read the image into low memory. Protected mode: copy
   it to its load address, clear its bss, and enter it with the registers of multiboot. */

#define SECTOR_SHIFT  9
#define BUFFER        0x10000         /* the image on its way; up to 448 KiB */
#define HEADER_LOAD   (BUFFER + 16)   /* fields of the multiboot header */
#define HEADER_END    (BUFFER + 20)
#define HEADER_BSS    (BUFFER + 24)
#define HEADER_ENTRY  (BUFFER + 28)
#define INFO          0x500           /* multiboot information: flags, mem_lower, mem_upper */
#define LOADER_MAGIC  0x2badb002

        .code16
        .text
        .globl  _start
_start: ljmp    $0, $1f
1:      cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        movb    %dl, drive

        /* KiB above 1 MiB: up to 16 MiB, and 64 KiB blocks above that. */
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        movw    $0xe801, %ax
        int     $0x15
        movzwl  %ax, %eax
        movzwl  %bx, %ebx
        shll    $6, %ebx
        addl    %eax, %ebx
        movl    $1, INFO
        movl    $639, INFO + 4
        movl    %ebx, INFO + 8

        /* The first sector says how many there are. */
        call    read_sector
        movw    $(BUFFER >> 4), %ax
        movw    %ax, %fs
        movl    %fs:20, %ebx
        subl    %fs:16, %ebx
        addl    $511, %ebx
        shrl    $SECTOR_SHIFT, %ebx
        decl    %ebx
        jz      loaded
more:   addw    $(512 >> 4), packet_segment
        incl    packet_sector
        call    read_sector
        decl    %ebx
        jnz     more

loaded: cli
        inb     $0x92, %al      /* address line 20 */
        orb     $2, %al
        andb    $0xfe, %al
        outb    %al, $0x92
        lgdt    gdt_register
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmp    $0x08, $protected

read_sector:
        movw    $packet, %si
        movb    drive, %dl
        movb    $0x42, %ah
        int     $0x13
        jc      failed
        ret

failed: movb    $'!', %al
        outb    %al, $0xe9
1:      cli
        hlt
        jmp     1b

        .code32
protected:
        movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        movl    $BUFFER, %esi
        movl    HEADER_LOAD, %edi
        movl    HEADER_END, %ecx
        subl    %edi, %ecx
        rep movsb
        movl    HEADER_BSS, %ecx
        subl    %edi, %ecx
        xorl    %eax, %eax
        rep stosb
        movl    $LOADER_MAGIC, %eax
        movl    $INFO, %ebx
        jmp     *HEADER_ENTRY

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff
gdt_register:
        .word   3 * 8 - 1
        .long   gdt
        /* For the BIOS's extended read. */
        .balign 4
packet: .byte   16, 0
        .word   1               /* sectors */
        .word   0
packet_segment:
        .word   BUFFER >> 4
packet_sector:
        .long   1, 0
drive:  .byte   0

        .org    510
        .word   0xaa55
        .section .note.GNU-stack, "", @progbits
