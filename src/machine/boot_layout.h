// Where everything lies in the Guest's memory at its first instruction (guest-01
// section 1.1, host-07 section 9).
//
//   0x00000000   boot parameters ("zero page")
//   0x00001000   kernel command line
//   ...          kernel
//   ...          boot page tables, written by the Host
//   initrd_at    initrd, which ends with the memory unless the kernel wants it lower
#ifndef LGX_MACHINE_BOOT_LAYOUT_H_
#define LGX_MACHINE_BOOT_LAYOUT_H_

#include <string>

#include "base/status.h"
#include "base/types.h"
#include "mmu/paging_mode.h"

namespace lgx {

inline constexpr u64 kMiB = u64{1} << 20;
inline constexpr u64 kMinMemory = 8 * kMiB;
inline constexpr u64 kMaxMemory = 3072 * kMiB;

inline constexpr u32 kZeroPageAt = 0;
inline constexpr u32 kCommandLineAt = 0x1000;
inline constexpr u32 kCommandLineSize = 2048;  // with its NUL
// Nothing of a kernel may be loaded below this.
inline constexpr u32 kFirstLoadAddress = 0x2000;

struct BootLayout {
  u32 memory = 0;        // bytes of ordinary memory
  u32 initrd_at = 0;     // equal to `memory` without an initrd
  u32 initrd_size = 0;   // whole pages
  u32 tables_start = 0;  // boot page tables: lowest page ...
  u32 tables_end = 0;    // ... and the end of the highest, the top level
  // The kernel has to end here: the lower of tables and initrd.
  u32 kernel_limit = 0;
};

// Refuses sizes outside 8 MiB ... 3 GiB and anything but whole pages.
Status CheckMemorySize(u64 memory);

// `initrd_file_size` 0 means none; `initrd_path` is for messages. `initrd_addr_max` is
// the highest address the kernel accepts for the initrd's last byte.
StatusOr<BootLayout> PlanMemory(u64 memory, PagingMode mode, u64 initrd_file_size,
                                const std::string& initrd_path,
                                u32 initrd_addr_max = 0xffffffff);

}  // namespace lgx

#endif  // LGX_MACHINE_BOOT_LAYOUT_H_
