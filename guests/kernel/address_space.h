// What a process sees at its addresses, and how pages get there: none before it is
// touched.
#ifndef GUEST_KERNEL_ADDRESS_SPACE_H_
#define GUEST_KERNEL_ADDRESS_SPACE_H_

#include "common/types.h"

// A range of addresses that means something. Anything else is a fault.
struct Area {
  u32 start, end;       // page aligned; empty if equal
  const char* content;  // in the kernel image; NULL: zeros
  bool writable;
};

enum { kAreaText, kAreaData, kAreaHeap, kAreaStack, kAreaFirstMap, kAreaCount = 12 };

struct AddressSpace {
  u32 root;      // physical address of the top-level table; 0: no space, only the kernel
  u32 heap_end;  // as the program asked for it, not rounded
  u32 pages;     // present pages
  u32 faults;    // that were resolved
  struct Area areas[kAreaCount];
};

struct Program;

// False if memory is short or there is no room left in the table of areas.
bool CreateSpace(struct AddressSpace* space, const struct Program* program);
// Makes `child` a copy of `parent`, which must be current. No page is copied: both get
// the same pages, without write permission, until one of them writes.
bool ForkSpace(struct AddressSpace* child, struct AddressSpace* parent);
// Must not be current.
void DestroySpace(struct AddressSpace* space);

// Handles a page fault: gives the address a page, or a page of its own. False if the
// program has no business there, or memory is short.
bool ResolveFault(struct AddressSpace* space, u32 address, bool write);

// Makes sure that the kernel can read (or write) a range that a program named. False if
// it is not the program's.
bool PrepareAccess(struct AddressSpace* space, u32 address, u32 size, bool write);

// The new end; the old one on failure.
u32 MoveHeapEnd(struct AddressSpace* space, u32 end);
// The address of a new area, which begins as zeros; 0 on failure.
u32 MapZeros(struct AddressSpace* space, u32 size);
bool Unmap(struct AddressSpace* space, u32 address);

#endif  // GUEST_KERNEL_ADDRESS_SPACE_H_
