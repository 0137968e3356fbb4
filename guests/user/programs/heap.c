// The heap grows and shrinks; what is given back and taken again is empty.
#include "user/user.h"

int main(int argc, char** argv) {
  u32 count = NumberArgument(argc, argv, 64);
  char* start = Brk(NULL);
  u32 wrong = 0;
  struct Stats before = ReadStats();
  for (u32 round = 0; round < 2; ++round) {
    Require(Brk(start + count * kPageSize) == start + count * kPageSize,
            "the heap grows");
    for (u32 i = 0; i < count; ++i) {
      wrong += start[i * kPageSize] != 0;
      start[i * kPageSize] = (char)(i + 1);
    }
    Require(Brk(start) == start, "the heap shrinks");
  }
  struct Stats after = ReadStats();
  Print("%u pages of heap, used twice: %u page faults\n", count,
        after.faults_zero - before.faults_zero);
  Require(wrong == 0, "fresh pages are zero");
  Require(after.faults_zero - before.faults_zero == 2 * count, "fresh pages each time");
  return 0;
}
