/* An event: CLI in ring 1, a general protection fault, a handler in ring 0 that steps
   over it. What a kernel does that was moved out of ring 0 and still has its privileged
   instructions. */
#include "traps.h"

const char image_name[] = "f2_gptrap";

enum { kEvents = 6000000 };

static void Program(void) {
  for (u32 i = kEvents; i != 0; --i) __asm__ volatile("cli" : : : "memory");
}

struct Result BenchMain(void) {
  StartTraps();
  SetGate(13, OnProtectionFault, 0);
  RunInRing(1, Program);
  if (trap_count != kEvents) Fail("another number of faults than expected");
  return (struct Result){trap_count * 0x85ebca6bu, trap_count};
}
