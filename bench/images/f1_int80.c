/* An event: INT 0x80 in ring 3, a handler in ring 0 that counts, IRET. */
#include "traps.h"

const char image_name[] = "f1_int80";

enum { kEvents = 6000000 };

static void Program(void) {
  for (u32 i = kEvents; i != 0; --i) __asm__ volatile("int $0x80" : : : "memory");
}

struct Result BenchMain(void) {
  StartTraps();
  SetGate(0x80, OnSystemCall, 3);
  RunInRing(3, Program);
  if (trap_count != kEvents) Fail("another number of system calls than expected");
  return (struct Result){trap_count * 0x9e3779b1u, trap_count};
}
