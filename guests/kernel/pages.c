#include "kernel/pages.h"

#include "common/text.h"
#include "kernel/layout.h"
#include "kernel/panic.h"
#include "kernel/stats.h"

struct PageInfo {
  u32 references;
  u32 next_free;  // page number of the next free page, 0 at the end
};

struct Stats stats;

static struct PageInfo* page_info;  // one for each page, right behind the kernel image
static u32 page_count;
static u32 first_free;  // list of pages that were used and given back
static u32 next_fresh;  // pages from here on were never used

// Threading all free pages into a list here would touch every page of the memory, and
// every first touch is a fault that the Host has to repair. So pages that were never used
// are only counted.
void InitPages(u32 memory_size) {
  u32 limit = DEVICE_BASE - KERNEL_BASE;  // more does not fit into the linear mapping
  page_count = (memory_size < limit ? memory_size : limit) >> kPageShift;
  page_info = (struct PageInfo*)kernel_end;
  u32 info_end = PhysOf(kernel_end) + PageRoundUp(page_count * sizeof(struct PageInfo));
  next_fresh = info_end >> kPageShift;
  if (next_fresh + 64 > page_count) Panic("%u KiB are too little", memory_size >> 10);

  for (u32 page = 0; page < next_fresh; ++page) page_info[page].references = 1;
  stats.pages_total = page_count;
  stats.pages_free = page_count - next_fresh;
  // Page 0 holds the boot parameters. Pages below the kernel are memory like any other:
  // an lguest machine has no BIOS and no screen there.
  for (u32 page = 1; page < KERNEL_LOAD >> kPageShift; ++page)
    ReleasePage(page << kPageShift);
  stats.pages_kernel = page_count - stats.pages_free;
}

u32 AllocatePage(void) {
  u32 page = first_free;
  if (page) {
    first_free = page_info[page].next_free;
  } else if (next_fresh < page_count) {
    page = next_fresh++;
  } else {
    return 0;
  }
  page_info[page].references = 1;
  --stats.pages_free;
  return page << kPageShift;
}

u32 AllocateZeroedPage(void) {
  u32 phys = AllocatePage();
  if (phys) memset(PtrOf(phys), 0, kPageSize);
  return phys;
}

void SharePage(u32 phys) { ++page_info[phys >> kPageShift].references; }

void ReleasePage(u32 phys) {
  struct PageInfo* info = &page_info[phys >> kPageShift];
  if (info->references == 0) Panic("page 0x%08x is released twice", phys);
  if (--info->references > 0) return;
  info->next_free = first_free;
  first_free = phys >> kPageShift;
  ++stats.pages_free;
}

u32 PageReferences(u32 phys) { return page_info[phys >> kPageShift].references; }

u32 MemoryEnd(void) { return page_count << kPageShift; }
