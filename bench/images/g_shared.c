/* The integer mix of image a with its table on the pages of its own code, between other
   functions: every store goes to a page that holds decoded instructions. Linux kernels
   have such pages, and so do small programs. */
#include "intmix.h"

const char image_name[] = "g_shared";

/* Writable like everything else here: there is no paging. Sections of different kinds,
   which the linker puts side by side. */
__attribute__((section(".shared.data"))) static u32 table[kMixWords] = {1};

__attribute__((section(".shared.code"), noinline)) static u32 Mix(void) {
  return IntegerMix(table);
}

struct Result BenchMain(void) { return (struct Result){Mix(), 0}; }
