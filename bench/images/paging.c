#include "paging.h"

enum {
  kPoolStart = 8 * 1024 * 1024,
  kEntries = kPage / sizeof(Entry),
  kCr4Pae = 1 << 5,
};
#define CR0_PG_WP 0x80010000u

static u32 next_frame = kPoolStart;

u32 NewFrame(void) {
  if (next_frame == kIdentityEnd) Fail("no frames left");
  const u32 frame = next_frame;
  next_frame += kPage;
  for (u32 i = 0; i < kPage / 4; ++i) ((volatile u32*)frame)[i] = 0;
  return frame;
}

static Entry* TableAt(Entry entry) { return (Entry*)((u32)entry & ~(kPage - 1)); }

u32 NewSpace(void) {
  const u32 space = NewFrame();
#ifdef BENCH_PAE
  for (u32 i = 0; i < 4; ++i) ((Entry*)space)[i] = NewFrame() | kPresent;
#endif
  for (u32 at = 0; at < kIdentityEnd; at += kPage) {
    *EntryOf(space, at) = at | kPresent | kWritable;
  }
  return space;
}

Entry* EntryOf(u32 space, u32 linear) {
#ifdef BENCH_PAE
  Entry* const directory = TableAt(((Entry*)space)[linear >> 30]);
  Entry* const entry = &directory[linear >> 21 & (kEntries - 1)];
#else
  Entry* const entry = &((Entry*)space)[linear >> 22];
#endif
  if ((*entry & kPresent) == 0) *entry = NewFrame() | kPresent | kWritable | kUser;
  return &TableAt(*entry)[linear >> 12 & (kEntries - 1)];
}

u32 MapWithWord(u32 space, u32 linear, u32 word) {
  const u32 frame = NewFrame();
  *(volatile u32*)frame = word;
  *EntryOf(space, linear) = frame | kPresent | kWritable;
  return frame;
}

void StartPaging(u32 space) {
#ifdef BENCH_PAE
  u32 cr4;
  __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
  __asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | kCr4Pae));
#endif
  LoadSpace(space);
  u32 cr0;
  __asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
  __asm__ volatile("movl %0, %%cr0" : : "r"(cr0 | CR0_PG_WP) : "memory");
}
