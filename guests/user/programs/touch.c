// Demand paging: pages exist from the moment they are touched, not from when they are
// asked for.
#include "user/user.h"

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 1000);
  volatile u32* words = Map(count * kPageSize);
  const u32 step = kPageSize / sizeof(u32);

  struct Stats before = ReadStats();
  u64 start = ReadTime().uptime_us;
  for (u32 i = 0; i < count; ++i) words[i * step] = i;
  u64 first = ReadTime().uptime_us - start;
  struct Stats after = ReadStats();

  start = ReadTime().uptime_us;
  u32 wrong = 0;
  for (u32 i = 0; i < count; ++i)
    wrong += words[i * step] != i || words[i * step + 1] != 0;
  u64 second = ReadTime().uptime_us - start;

  PrintTiming(count, "pages touched for the first time", first);
  PrintTiming(count, "pages read again", second);
  Print("page faults: %u\n", after.faults_zero - before.faults_zero);
  Require(wrong == 0, "a page has the wrong content");
  Require(after.faults_zero - before.faults_zero == count, "one fault for each page");
  Unmap((void*)words);
  Require(ReadStats().pages_free > after.pages_free, "pages come back");
  return 0;
}
