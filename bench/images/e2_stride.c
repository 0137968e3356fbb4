/* An event: a load from the next of 48 pages that lie 64 MiB apart, so that all of them
   compete for one place in whatever caches translations by the low bits of the page
   number. */
#include "paging.h"

const char image_name[] = "e2_" FORMAT_NAME;

enum { kRounds = 600000, kPages = 48, kFirst = 0x10000000, kStride = 64 * 1024 * 1024 };

struct Result BenchMain(void) {
  const u32 space = NewSpace();
  for (u32 i = 0; i < kPages; ++i)
    MapWithWord(space, kFirst + i * kStride, i * 0x10204081u);
  StartPaging(space);
  u32 sum = 0;
  for (u32 round = 0; round < kRounds; ++round) {
    u32 linear = kFirst;
    for (u32 i = 0; i < kPages; ++i, linear += kStride) {
      sum = RotateLeft(sum, 1) + Touch(linear);
    }
  }
  return (struct Result){sum, kRounds * kPages};
}
