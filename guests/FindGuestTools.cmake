# Finds LGX_GUEST_CC, LGX_GUEST_CFLAGS and LGX_GUEST_LD: tools that can make a freestanding
# i386 program. Found by trying, once; compiler and linker can be given with -D.

set(common_flags -std=c11 -O2 -Wall -Wextra -march=i686 -mgeneral-regs-only -mno-sse -mno-mmx
    -ffreestanding -fno-pic -fno-pie -fno-common -fno-strict-aliasing -fno-stack-protector
    -fno-asynchronous-unwind-tables)
set(try_dir ${CMAKE_CURRENT_BINARY_DIR}/tools)
file(WRITE ${try_dir}/try.c "int start(int a) { return a * 3; }\n")

# Sets LGX_GUEST_CFLAGS and returns TRUE if `compiler` can do it. A clang always can, on
# whatever machine it runs; a gcc only if it is one for x86. No 32-bit library is needed.
function(try_guest_compiler compiler result)
  foreach(machine "-m32 -fcf-protection=none" "--target=i686-linux-gnu")
    separate_arguments(machine)
    execute_process(
      COMMAND ${compiler} ${common_flags} ${machine} -c try.c -o try.o
      WORKING_DIRECTORY ${try_dir} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
      set(LGX_GUEST_CFLAGS ${common_flags} ${machine}
          CACHE INTERNAL "flags for the built-in guest")
      set(${result} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} FALSE PARENT_SCOPE)
endfunction()

if(NOT LGX_GUEST_CFLAGS)
  set(candidates ${LGX_GUEST_CC} gcc clang-19 clang gcc-12 cc ${CMAKE_C_COMPILER}
      ${CMAKE_CXX_COMPILER})
  unset(LGX_GUEST_CC CACHE)
  foreach(candidate ${candidates})
    find_program(guest_candidate ${candidate} NO_CACHE)
    if(guest_candidate)
      try_guest_compiler(${guest_candidate} works)
      if(works)
        set(LGX_GUEST_CC ${guest_candidate}
            CACHE FILEPATH "i386 compiler for the built-in guest")
        break()
      endif()
    endif()
    unset(guest_candidate)
  endforeach()
  if(NOT LGX_GUEST_CC)
    message(FATAL_ERROR
      "The built-in guest needs a C compiler for 32-bit x86: a gcc that knows -m32, or any "
      "clang. None of these works: ${candidates}. Give one with -DLGX_GUEST_CC=...")
  endif()
endif()

if(NOT LGX_GUEST_LD)
  execute_process(COMMAND ${LGX_GUEST_CC} ${LGX_GUEST_CFLAGS} -c try.c -o try.o
                  WORKING_DIRECTORY ${try_dir})
  foreach(candidate ld ld.bfd ld.lld-19 ld.lld)
    find_program(guest_candidate ${candidate} NO_CACHE)
    if(guest_candidate)
      execute_process(
        COMMAND ${guest_candidate} -m elf_i386 -e start try.o -o try
        WORKING_DIRECTORY ${try_dir} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
      if(status EQUAL 0)
        set(LGX_GUEST_LD ${guest_candidate}
            CACHE FILEPATH "i386 linker for the built-in guest")
        break()
      endif()
    endif()
    unset(guest_candidate)
  endforeach()
  if(NOT LGX_GUEST_LD)
    message(FATAL_ERROR
      "The built-in guest needs a linker that knows elf_i386: ld of binutils on x86, or "
      "ld.lld. Give one with -DLGX_GUEST_LD=...")
  endif()
endif()
message(STATUS "Built-in guest: ${LGX_GUEST_CC}, ${LGX_GUEST_LD}")
