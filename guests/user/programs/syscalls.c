// The shortest way into the kernel and back. It does not touch the Host.
#include "user/user.h"

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 100000);
  int self = GetPid();
  u32 wrong = 0;
  struct Stats before = ReadStats();
  u64 start = ReadTime().uptime_us;
  for (u32 i = 0; i < count; ++i) wrong += GetPid() != self;
  u64 time = ReadTime().uptime_us - start;
  struct Stats after = ReadStats();

  PrintTiming(count, "calls of getpid", time);
  Print("hypercalls meanwhile: %u\n", after.hypercalls - before.hypercalls);
  Require(wrong == 0, "always the same answer");
  Require(after.syscalls - before.syscalls >= count, "the kernel has seen every call");
  return 0;
}
