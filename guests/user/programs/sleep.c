// Waiting for the clock: the Guest halts, and the Host wakes it with an interrupt.
#include "user/user.h"

int main(int argc, char** argv) {
  u32 milliseconds = NumberArgument(argc, argv, 1000);
  u64 start = ReadTime().uptime_us;
  Sleep(milliseconds);
  u64 time = ReadTime().uptime_us - start;
  Print("asked for %u ms, slept %Lu us\n", milliseconds, time);
  Require(time >= (u64)milliseconds * 1000, "not woken up too early");
  return 0;
}
