// Page tables. The kernel keeps them the way the processor would read them, with
// guest-physical page numbers. The processor never does: the Host copies entries into its
// shadow tables when they are first used. So the Host must hear of every entry that it
// may have copied and that is then changed or removed. A new entry needs no announcement:
// there is nothing to forget.
#ifndef GUEST_KERNEL_PAGE_TABLE_H_
#define GUEST_KERNEL_PAGE_TABLE_H_

#include "common/types.h"

// The two formats: 10 + 10 bits of the address with entries of 4 bytes, or (PAE) 2 + 9 +
// 9 bits with entries of 8 bytes. Only these lines and the table in page_table.c know the
// difference.
#ifdef GUEST_PAE
typedef u64 PageEntry;
enum { kTopShift = 30, kTopEntries = 4 };
#else
typedef u32 PageEntry;
enum { kTopShift = 22, kTopEntries = 1024 };
#endif
// Top-level entries below 0xc0000000; the rest is the kernel's.
enum { kUserTopEntries = kTopEntries / 4 * 3 };

enum {
  kPresent = 0x001,
  kWritable = 0x002,
  kUser = 0x004,
  kAccessed = 0x020,
  kDirty = 0x040,
};

static inline u32 PhysOfEntry(PageEntry entry) { return (u32)entry & ~(u32)kPageMask; }

// Builds the kernel's own tables and leaves the Host's boot tables. The device page and
// the rings behind it, which begin at physical address `devices`, are mapped to
// DEVICE_BASE.
void InitPageTables(u32 devices);

// A top-level table with the kernel's part filled in, and 0 if memory is short.
u32 NewPageTable(void);
// Gives back the table, all tables below it and, with their references, the pages of the
// user part. Must not be the current one.
void FreePageTable(u32 root);

// Makes `root` current: the hypercall is what `mov cr3` is on a real processor.
void LoadPageTable(u32 root);
u32 KernelPageTable(void);

// The last-level entry for `address`, which may be empty. If the tables above it are
// missing: FindEntry returns NULL; MakeEntry adds them, and returns NULL only if memory
// is short.
PageEntry* FindEntry(u32 root, u32 address);
PageEntry* MakeEntry(u32 root, u32 address);

// Linux tells the Host of every change above the last level, also of new and of removed
// tables. We need not (see above), and do it only while asked to: so a measurement can
// show what those calls cost. Off at the start.
void AnnounceTables(bool on);

// Stores an entry, and tells the Host if it replaces one that was present.
void SetEntry(u32 root, u32 address, PageEntry* entry, PageEntry value);

#endif  // GUEST_KERNEL_PAGE_TABLE_H_
