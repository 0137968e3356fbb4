/* An event: a page is unmapped, invalidated, mapped to another frame, and touched. */
#include "paging.h"

const char image_name[] = "e1_" FORMAT_NAME;

enum { kEvents = 6000000, kPages = 64, kFirst = 0x40000000 };

struct Result BenchMain(void) {
  static Entry* entries[kPages];
  static Entry values[kPages];
  const u32 space = NewSpace();
  for (u32 i = 0; i < kPages; ++i) {
    const u32 linear = kFirst + i * kPage;
    values[i] = MapWithWord(space, linear, i * 0x01010101u) | kPresent | kWritable;
    entries[i] = EntryOf(space, linear);
  }
  StartPaging(space);
  u32 sum = 0;
  for (u32 i = 0; i < kEvents; ++i) {
    const u32 page = i & (kPages - 1);
    const u32 linear = kFirst + page * kPage;
    volatile Entry* const entry = entries[page];
    *entry = 0;
    InvalidatePage(linear);
    *entry = values[(page + (i >> 6)) & (kPages - 1)];
    sum = RotateLeft(sum, 3) + Touch(linear);
  }
  return (struct Result){sum, kEvents};
}
