// The beginning of every program: the header for the kernel, and the call of main().

        .section .header, "a"
        .long   start, data_start, bss_end

        .text
        .globl  start
start:
        pushl   %edx                            // argv
        pushl   %eax                            // argc
        call    main
        pushl   %eax
        call    Exit

        .section .note.GNU-stack, "", @progbits
