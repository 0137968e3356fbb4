#include "kernel/page_table.h"

#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
#include "kernel/stats.h"

// From the top down: where the index is in the address, how many entries, and the flags
// of an entry that points to the next level. Rights are decided at the last level alone.
static const struct {
  u32 shift, entries, flags;
} kLevels[] = {
#ifdef GUEST_PAE
    {30, 4, kPresent},  // the processor allows nothing else here
    {21, 512, kPresent | kWritable | kUser | kAccessed | kDirty},
    {12, 512, 0},
#else
    {22, 1024, kPresent | kWritable | kUser | kAccessed | kDirty},
    {12, 1024, 0},
#endif
};
enum { kMaxDevicePages = 256 };
enum { kLastLevel = sizeof(kLevels) / sizeof(kLevels[0]) - 1 };

// The kernel's tables. With PAE the whole kernel part hangs on one entry of the top
// level. The names are the ones Linux uses; a Launcher tells a PAE kernel by the second
// one.
PageEntry swapper_pg_dir[kPageSize / sizeof(PageEntry)] __attribute__((aligned(4096)));
#ifdef GUEST_PAE
PageEntry swapper_pg_pmd[kPageSize / sizeof(PageEntry)] __attribute__((aligned(4096)));
#endif

static bool announcing;

void AnnounceTables(bool on) { announcing = on; }

// The entry that points to a lower table has changed: `index` in `table`, a table of
// `level` in the tree of `root`.
static void AnnounceEntry(u32 root, const PageEntry* table, int level, u32 index) {
  if (!announcing) return;
  if (level == 0)
    Enqueue(kHcSetPgd, root, index, 0, 0);
  else
    Enqueue(kHcSetPmd, PhysOf(table), index, 0, 0);
}

static PageEntry* Walk(u32 root, u32 address, bool make) {
  PageEntry* table = PtrOf(root);
  for (int level = 0;; ++level) {
    u32 index = (address >> kLevels[level].shift) & (kLevels[level].entries - 1);
    PageEntry* entry = &table[index];
    if (level == kLastLevel) return entry;
    if (!(*entry & kPresent)) {
      if (!make) return NULL;
      u32 page = AllocateZeroedPage();
      if (!page) return NULL;
      ++stats.pages_tables;
      *entry = page | kLevels[level].flags;
      AnnounceEntry(root, table, level, index);
    }
    table = PtrOf(PhysOfEntry(*entry));
  }
}

PageEntry* FindEntry(u32 root, u32 address) { return Walk(root, address, false); }
PageEntry* MakeEntry(u32 root, u32 address) { return Walk(root, address, true); }

void SetEntry(u32 root, u32 address, PageEntry* entry, PageEntry value) {
  PageEntry old = *entry;
  *entry = value;
  u32 high = (u32)((u64)value >> 32);  // PAE only; else the Host does not look at it
  if (old & kPresent) Enqueue(kHcSetPte, root, address, (u32)value, high);
}

// Kernel pages are marked as accessed and dirty from the start. The Host maps a page that
// is not dirty without write permission, to notice the first write; for our own pages
// nobody asks.
static void MapKernelPages(u32 address, u32 phys, u32 end, u32 flags) {
  for (; phys != end; phys += kPageSize, address += kPageSize) {
    PageEntry* entry = MakeEntry(KernelPageTable(), address);
    if (!entry) Panic("no memory for the kernel's page tables");
    *entry = phys | flags | kPresent | kAccessed | kDirty;
  }
}

void InitPageTables(u32 devices) {
#ifdef GUEST_PAE
  swapper_pg_dir[KERNEL_BASE >> kTopShift] = PhysOf(swapper_pg_pmd) | kPresent;
#endif
  u32 text = PhysOf(kernel_start), readonly_end = PhysOf(kernel_readonly_end);
  MapKernelPages(KERNEL_BASE, 0, text, kWritable);
  MapKernelPages(KERNEL_BASE + text, text, readonly_end, 0);
  MapKernelPages(KERNEL_BASE + readonly_end, readonly_end, MemoryEnd(), kWritable);
  MapKernelPages(DEVICE_BASE, devices, devices + kMaxDevicePages * kPageSize, kWritable);
  LoadPageTable(KernelPageTable());
  // The Host expects the kernel's part to be the same in all tables, and keeps what it
  // has copied of it when it reuses a shadow table. The boot tables let programs in
  // everywhere, so nothing that came from them may stay.
  Hypercall(kHcFlushTlb, 1, 0, 0, 0);
  stats.pages_kernel += stats.pages_tables;
  stats.pages_tables = 0;
}

u32 KernelPageTable(void) { return PhysOf(swapper_pg_dir); }

void LoadPageTable(u32 root) {
  if (lguest_data.pgdir == root) return;
  lguest_data.pgdir = root;
  Enqueue(kHcNewPgtable, root, 0, 0, 0);
}

u32 NewPageTable(void) {
  u32 root = AllocateZeroedPage();
  if (!root) return 0;
  ++stats.pages_tables;
  PageEntry* table = PtrOf(root);
  for (u32 i = kUserTopEntries; i < kTopEntries; ++i) table[i] = swapper_pg_dir[i];
  return root;
}

// Gives back what an entry of the given level points to.
static void FreeBelow(PageEntry entry, int level) {
  if (level < kLastLevel) {
    PageEntry* table = PtrOf(PhysOfEntry(entry));
    for (u32 i = 0; i < kLevels[level + 1].entries; ++i) {
      if (!(table[i] & kPresent)) continue;
      FreeBelow(table[i], level + 1);
      if (level + 1 == kLastLevel) continue;
      table[i] = 0;
      AnnounceEntry(0, table, level + 1, i);
    }
    --stats.pages_tables;
  }
  ReleasePage(PhysOfEntry(entry));
}

// The Host may still keep a shadow of this table. Its pages will soon serve others,
// perhaps as a top-level table again, so the Host drops the shadow entry by entry. All in
// one crossing.
void FreePageTable(u32 root) {
  PageEntry* table = PtrOf(root);
  BeginBatch();
  for (u32 i = 0; i < kUserTopEntries; ++i) {
    if (!(table[i] & kPresent)) continue;
    FreeBelow(table[i], 0);
    table[i] = 0;
    Enqueue(kHcSetPgd, root, i, 0, 0);
  }
  EndBatch();
  --stats.pages_tables;
  ReleasePage(root);
}
