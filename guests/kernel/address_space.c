#include "kernel/address_space.h"

#include "common/text.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/page_table.h"
#include "kernel/pages.h"
#include "kernel/programs.h"
#include "kernel/stats.h"

bool CreateSpace(struct AddressSpace* space, const struct Program* program) {
  const struct ProgramHeader* header = program->header;
  u32 image_end = USER_BASE + PageRoundUp(program->size);
  u32 bss_end = PageRoundUp(header->bss_end);
  *space = (struct AddressSpace){.root = NewPageTable(), .heap_end = bss_end};
  const char* image = (const char*)header;
  u32 data = header->data_start;
  space->areas[kAreaText] = (struct Area){USER_BASE, data, image, false};
  space->areas[kAreaData] =
      (struct Area){data, image_end, image + (data - USER_BASE), true};
  space->areas[kAreaHeap] = (struct Area){image_end, bss_end, NULL, true};
  space->areas[kAreaStack] = (struct Area){USER_STACK_BASE, USER_STACK_TOP, NULL, true};
  return space->root != 0;
}

void DestroySpace(struct AddressSpace* space) {
  if (space->root) FreePageTable(space->root);
  *space = (struct AddressSpace){0};
}

static const struct Area* FindArea(const struct AddressSpace* space, u32 address) {
  for (int i = 0; i < kAreaCount; ++i) {
    const struct Area* area = &space->areas[i];
    if (address >= area->start && address < area->end) return area;
  }
  return NULL;
}

// First touch. Text and data are shared with the image in the kernel, which is in memory
// anyway: a program starts without copying anything. Other pages are new.
static bool AddPage(struct AddressSpace* space, const struct Area* area, u32 address,
                    PageEntry* entry) {
  u32 page;
  PageEntry flags = kPresent | kUser;
  if (area->content) {
    page = PhysOf(area->content + (address - area->start));
    SharePage(page);
    ++stats.faults_image;
  } else {
    page = AllocateZeroedPage();
    if (!page) return false;
    flags |= kWritable;
    ++stats.faults_zero;
  }
  SetEntry(space->root, address, entry, page | flags);
  ++space->pages;
  return true;
}

// A write to a page that is mapped without write permission although the area allows
// writing: it is, or was, shared. The last one who uses a page need not copy it.
static bool MakeOwn(struct AddressSpace* space, u32 address, PageEntry* entry) {
  u32 page = PhysOfEntry(*entry);
  const PageEntry flags = kPresent | kUser | kWritable | kAccessed | kDirty;
  if (PageReferences(page) == 1) {
    ++stats.cow_reused;
    SetEntry(space->root, address, entry, page | flags);
    return true;
  }
  u32 copy = AllocatePage();
  if (!copy) return false;
  memcpy(PtrOf(copy), PtrOf(page), kPageSize);
  ++stats.cow_copied;
  // Accessed and dirty are set because the write that brought us here follows at once. It
  // also lets the Host map the page right now instead of after another fault.
  SetEntry(space->root, address, entry, copy | flags);
  ReleasePage(page);
  return true;
}

bool ResolveFault(struct AddressSpace* space, u32 address, bool write) {
  address &= ~(u32)kPageMask;
  const struct Area* area = FindArea(space, address);
  if (!area || (write && !area->writable)) return false;
  PageEntry* entry = MakeEntry(space->root, address);
  if (!entry) return false;
  ++space->faults;
  if (!(*entry & kPresent) && !AddPage(space, area, address, entry)) return false;
  if (write && !(*entry & kWritable)) return MakeOwn(space, address, entry);
  return true;
}

bool PrepareAccess(struct AddressSpace* space, u32 address, u32 size, bool write) {
  if (address >= KERNEL_BASE || size > KERNEL_BASE - address) return false;
  u32 end = address + size;
  for (u32 page = address & ~(u32)kPageMask; page < end; page += kPageSize) {
    const PageEntry* entry = FindEntry(space->root, page);
    PageEntry needed = kPresent | (write ? kWritable : 0);
    if (entry && (*entry & needed) == needed) continue;
    if (!ResolveFault(space, page, write)) return false;
  }
  return true;
}

// Shares one page of the parent with the child. Both lose the right to write.
static bool SharePageWith(struct AddressSpace* child, PageEntry* entry, u32 address) {
  PageEntry* copy = MakeEntry(child->root, address);
  if (!copy) return false;
  *entry &= ~(PageEntry)kWritable;
  *copy = *entry & ~(PageEntry)(kAccessed | kDirty);
  SharePage(PhysOfEntry(*entry));
  ++child->pages;
  return true;
}

bool ForkSpace(struct AddressSpace* child, struct AddressSpace* parent) {
  *child = *parent;
  child->pages = child->faults = 0;
  child->root = NewPageTable();
  if (!child->root) return false;
  bool complete = true;
  for (int i = 0; i < kAreaCount && complete; ++i) {
    const struct Area* area = &parent->areas[i];
    for (u32 page = area->start; page < area->end && complete; page += kPageSize) {
      PageEntry* entry = FindEntry(parent->root, page);
      if (entry && (*entry & kPresent)) complete = SharePageWith(child, entry, page);
    }
  }
  // The Host may have any of the parent's pages mapped with write permission. To forget
  // them all costs one call; to name them costs one each.
  Hypercall(kHcFlushTlb, 0, 0, 0, 0);
  return complete;
}

static void RemovePages(struct AddressSpace* space, u32 start, u32 end) {
  BeginBatch();
  for (u32 page = start; page < end; page += kPageSize) {
    PageEntry* entry = FindEntry(space->root, page);
    if (!entry || !(*entry & kPresent)) continue;
    u32 phys = PhysOfEntry(*entry);
    SetEntry(space->root, page, entry, 0);
    ReleasePage(phys);
    --space->pages;
  }
  EndBatch();
}

u32 MoveHeapEnd(struct AddressSpace* space, u32 end) {
  struct Area* heap = &space->areas[kAreaHeap];
  u32 new_end = PageRoundUp(end);
  if (end < heap->start || end >= USER_MAP_BASE) return space->heap_end;
  if (new_end < heap->end) RemovePages(space, new_end, heap->end);
  heap->end = new_end;
  space->heap_end = end;
  return end;
}

u32 MapZeros(struct AddressSpace* space, u32 size) {
  u32 start = USER_MAP_BASE;
  struct Area* unused = NULL;
  for (int i = kAreaFirstMap; i < kAreaCount; ++i) {
    struct Area* area = &space->areas[i];
    if (area->start == area->end)
      unused = area;
    else if (area->end > start)
      start = area->end;
  }
  if (!unused || size == 0 || size > USER_STACK_BASE - start) return 0;
  *unused = (struct Area){start, start + PageRoundUp(size), NULL, true};
  return start;
}

bool Unmap(struct AddressSpace* space, u32 address) {
  for (int i = kAreaFirstMap; i < kAreaCount; ++i) {
    struct Area* area = &space->areas[i];
    if (area->start != address || area->start == area->end) continue;
    RemovePages(space, area->start, area->end);
    *area = (struct Area){0};
    return true;
  }
  return false;
}
