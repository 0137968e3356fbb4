// The hardware page walker: two-level and PAE tables, exact rights and error codes.
//
// Source of the rules: Intel SDM volume 3, "Paging" (32-bit and PAE paging).
#ifndef LGX_MMU_PAGE_WALK_H_
#define LGX_MMU_PAGE_WALK_H_

#include "base/types.h"
#include "mmu/phys_memory.h"

namespace lgx {

// Bits of a page fault's error code.
inline constexpr u32 kPfPresent = 1u << 0;  // 0: an entry was not present
inline constexpr u32 kPfWrite = 1u << 1;
inline constexpr u32 kPfUser = 1u << 2;
inline constexpr u32 kPfReserved = 1u << 3;  // a reserved bit was set in an entry
inline constexpr u32 kPfFetch = 1u << 4;     // instruction fetch, reported with NX only

// The registers that decide how an address is translated.
struct PagingRegisters {
  bool paging = false;         // CR0.PG
  bool pae = false;            // CR4.PAE
  bool pse = false;            // CR4.PSE (with PAE large pages always exist)
  bool write_protect = false;  // CR0.WP
  bool no_execute = false;     // EFER.NXE
  u32 cr3 = 0;
  u64 pdpte[4] = {};  // PAE: loaded with CR3, not read again by a walk

  friend bool operator==(const PagingRegisters&, const PagingRegisters&) = default;
};

// Physical address bits above these are reserved in PAE entries.
inline constexpr u32 kPhysicalAddressBits = 36;
// Bits 2:1, 8:5 and everything above the address width must be 0 in a present PDPT entry.
inline constexpr u64 kPdpteReserved = ~((u64{1} << kPhysicalAddressBits) - 1) | 0x1e6;

enum class Access : u8 { kRead, kWrite, kFetch };

struct WalkResult {
  bool ok = false;
  u32 error = 0;          // of the page fault, if not ok
  Mfn frame;              // the 4 KiB frame, also inside a large page
  bool user = false;      // CPL 3 may read
  bool writable = false;  // all levels have RW
  bool executable = true;
  bool dirty = false;  // the last entry's D bit is set (now)
};

// Where a walk reads its last entry: the page table, and the rights of the entries above.
struct TableRights {
  Mfn table;
  bool user = true;
  bool writable = true;
  bool executable = true;
};

// Told of every table entry a walk depends on, so that a change can be noticed.
class WalkObserver {
 public:
  virtual ~WalkObserver() = default;
  // `frame` served as a table of `level` (1: page table, 2: directory) whose first entry
  // translates `first`.
  virtual void UsedTable(Mfn frame, int level, Lin first) = 0;
  // An allowed walk read its last entry in a page table.
  virtual void ReachedTable(const TableRights& rights) = 0;
};

// Translates `lin` for one access at CPL 3 (`user`) or below. Sets A bits, and D for a
// write, only when the access is allowed. `observer` may be null.
WalkResult WalkPageTables(PhysMemory& memory, const PagingRegisters& regs, Lin lin,
                          Access access, bool user, WalkObserver* observer);

// The last step of such a walk alone: that of a walk which reached `from` before and was
// allowed, with the same registers and nothing changed above the table. Paging is on.
WalkResult WalkLastTable(PhysMemory& memory, const PagingRegisters& regs,
                         const TableRights& from, Lin lin, Access access, bool user);

// The same lookup without side effects and without a rights check, for debuggers and
// traces.
WalkResult ObservePageTables(const PhysMemory& memory, const PagingRegisters& regs,
                             Lin lin);

}  // namespace lgx

#endif  // LGX_MMU_PAGE_WALK_H_
