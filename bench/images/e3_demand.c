/* An event: a page that is not there is touched, the handler of the page fault maps it
   and returns. A page that was mapped 64 events before is taken away each time. */
#include "paging.h"
#include "traps.h"

const char image_name[] = "e3_" FORMAT_NAME;

enum { kEvents = 3000000, kPages = 256, kPresentPages = 64, kFirst = 0x40000000 };

static Entry* entries;
static Entry values[kPages];

void MapPage(u32 linear) {
  const u32 page = (linear - kFirst) / kPage;
  if (page >= kPages) Fail("a page fault at an unexpected address");
  entries[page] = values[page];
}

struct Result BenchMain(void) {
  const u32 space = NewSpace();
  entries = EntryOf(space, kFirst); /* one table holds them all */
  for (u32 i = 0; i < kPages; ++i) {
    values[i] =
        MapWithWord(space, kFirst + i * kPage, i * 0x01020304u) | kPresent | kWritable;
    entries[i] = 0;
  }
  StartTraps();
  SetGate(14, OnPageFault, 0);
  StartPaging(space);
  u32 sum = 0;
  for (u32 i = 0; i < kEvents; ++i) {
    const u32 old = (i - kPresentPages) % kPages;
    ((volatile Entry*)entries)[old] = 0;
    InvalidatePage(kFirst + old * kPage);
    sum = RotateLeft(sum, 5) + Touch(kFirst + i % kPages * kPage);
  }
  if (trap_count != kEvents) Fail("another number of page faults than expected");
  return (struct Result){sum, trap_count};
}
