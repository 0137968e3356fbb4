// Copy-on-write: after a fork both processes see the same pages, until one of them
// writes.
#include "user/user.h"

enum { kStep = kPageSize / sizeof(u32) };

// The child writes to every page, which copies them all, and must see only its own
// writes.
static void WriteInChild(volatile u32* words, u32 count) {
  u32 wrong = 0;
  for (u32 i = 0; i < count; ++i) wrong += words[i * kStep] != i;
  for (u32 i = 0; i < count; ++i) words[i * kStep] = ~i;
  for (u32 i = 0; i < count; ++i) wrong += words[i * kStep] != ~i;
  Exit(wrong == 0 ? 0 : 1);
}

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 256);
  volatile u32* words = Map(count * kPageSize);
  for (u32 i = 0; i < count; ++i) words[i * kStep] = i;

  struct Stats before = ReadStats();
  u64 start = ReadTime().uptime_us;
  int pid = Fork();
  Require(pid >= 0, "fork");
  if (pid == 0) WriteInChild(words, count);
  int status;
  WaitPid(pid, &status);
  u64 time = ReadTime().uptime_us - start;
  struct Stats forked = ReadStats();

  // Now the pages are the parent's alone again: a write takes a fault, but no copy.
  u32 wrong = 0;
  for (u32 i = 0; i < count; ++i) wrong += words[i * kStep]++ != i;
  struct Stats after = ReadStats();

  PrintTiming(count, "pages shared, written by the child", time);
  Print("copied: %u; then written by the parent without a copy: %u\n",
        forked.cow_copied - before.cow_copied, after.cow_reused - forked.cow_reused);
  Require(status == 0, "the child sees its own writes");
  Require(wrong == 0, "the parent does not see them");
  Require(forked.cow_copied - before.cow_copied >= count, "a copy for each page");
  Require(after.cow_reused - forked.cow_reused >= count, "no copy for the last owner");
  return 0;
}
