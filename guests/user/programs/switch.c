// Context switches: a ball goes back and forth between two processes, through two pipes.
// Each switch costs one crossing: stack and page tables for the Host, in one batch.
#include "user/user.h"

static void SendBack(int in, int out) {
  u32 ball;
  while (Read(in, &ball, sizeof(ball)) == sizeof(ball)) {
    ++ball;
    Write(out, &ball, sizeof(ball));
  }
  Exit(0);
}

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 2000);
  int there[2], back[2];
  Require(Pipe(there) == 0 && Pipe(back) == 0, "two pipes");
  int pid = Fork();
  Require(pid >= 0, "fork");
  if (pid == 0) {
    Close(there[1]);  // or the child would wait for itself at the end
    SendBack(there[0], back[1]);
  }

  struct Stats before = ReadStats();
  u64 start = ReadTime().uptime_us;
  u32 ball = 0;
  for (u32 i = 0; i < count; ++i) {
    Write(there[1], &ball, sizeof(ball));
    Read(back[0], &ball, sizeof(ball));
  }
  u64 time = ReadTime().uptime_us - start;
  struct Stats after = ReadStats();
  Close(there[1]);
  int status;
  WaitPid(pid, &status);

  PrintTiming(count, "round trips", time);
  Print("switches: %u, hypercalls: %u, queued: %u\n", after.switches - before.switches,
        after.hypercalls - before.hypercalls,
        after.hypercalls_queued - before.hypercalls_queued);
  Require(ball == count, "every trip counted once");
  Require(after.switches - before.switches >= 2 * count, "two switches for each trip");
  return 0;
}
