// Two processes that never wait: only the clock interrupt can take the processor from one
// and give it to the other.
#include "user/user.h"

static u32 CountUntil(u64 end) {
  u32 count = 0;
  while (ReadTime().uptime_us < end) ++count;
  return count;
}

int main(int argc, char** argv) {
  u32 milliseconds = NumberArgument(argc, argv, 100);
  int result[2];
  Require(Pipe(result) == 0, "a pipe");
  struct Stats before = ReadStats();
  u64 end = ReadTime().uptime_us + milliseconds * 1000;
  int pid = Fork();
  Require(pid >= 0, "fork");
  u32 count = CountUntil(end);
  if (pid == 0) {
    Write(result[1], &count, sizeof(count));
    Exit(0);
  }
  u32 other = 0;
  int status;
  Read(result[0], &other, sizeof(other));
  WaitPid(pid, &status);
  struct Stats after = ReadStats();

  Print("in %u ms one process counted to %u, the other to %u\n", milliseconds, count,
        other);
  Print("switches: %u, interrupts: %u\n", after.switches - before.switches,
        after.interrupts - before.interrupts);
  Require(count > 0 && other > 0, "both have run");
  return 0;
}
