// Processes that do nothing but begin and end.
#include "user/user.h"

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 100);
  struct Stats before = ReadStats();
  u64 start = ReadTime().uptime_us;
  u32 wrong = 0;
  for (u32 i = 0; i < count; ++i) {
    int pid = Fork();
    Require(pid >= 0, "fork");
    if (pid == 0) Exit((int)(i & 0x7f));
    int status;
    wrong += WaitPid(pid, &status) != pid || status != (int)(i & 0x7f);
  }
  u64 time = ReadTime().uptime_us - start;
  struct Stats after = ReadStats();

  PrintTiming(count, "processes", time);
  Print("pages copied: %u, hypercalls: %u, queued: %u\n",
        after.cow_copied - before.cow_copied, after.hypercalls - before.hypercalls,
        after.hypercalls_queued - before.hypercalls_queued);
  Require(wrong == 0, "every status arrives");
  Require(after.forks - before.forks == count, "the kernel has counted them");
  return 0;
}
