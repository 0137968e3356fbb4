/* An event: CR3 is loaded with the other of two address spaces, and 16 pages are touched
   that both have at the same addresses. */
#include "paging.h"

const char image_name[] = "e4_" FORMAT_NAME;

enum { kEvents = 600000, kPages = 16, kFirst = 0x40000000 };

struct Result BenchMain(void) {
  u32 spaces[2];
  for (u32 s = 0; s < 2; ++s) {
    spaces[s] = NewSpace();
    for (u32 i = 0; i < kPages; ++i) {
      MapWithWord(spaces[s], kFirst + i * kPage,
                  (i + 1) * (s == 0 ? 0x01234567u : 0x89abcdefu));
    }
  }
  StartPaging(spaces[0]);
  u32 sum = 0;
  for (u32 i = 0; i < kEvents; ++i) {
    LoadSpace(spaces[i & 1]);
    u32 linear = kFirst;
    for (u32 page = 0; page < kPages; ++page, linear += kPage) {
      sum = RotateLeft(sum, 1) + Touch(linear);
    }
  }
  return (struct Result){sum, kEvents};
}
