#include "machine/boot_layout.h"

#include <algorithm>

#include "mmu/boot_tables.h"

namespace lgx {
namespace {

constexpr u64 RoundUpToPage(u64 size) { return (size + kPageMask) & ~u64{kPageMask}; }

// Where the initrd's end goes when the kernel does not take it at the end of memory. The
// tables do not move with it: their place follows from the sizes alone.
u64 LowInitrdEnd(const BootLayout& layout, u64 size, u32 addr_max) {
  const u64 end = (u64{addr_max} + 1) & ~u64{kPageMask};
  const bool hits_tables = end > layout.tables_start && end - size < layout.tables_end;
  return hits_tables ? layout.tables_start : end;
}

}  // namespace

Status CheckMemorySize(u64 memory) {
  if (memory < kMinMemory || memory > kMaxMemory) {
    return Errorf(
        StatusCode::kOutOfRange,
        "guest memory of %d bytes (%d MiB) is outside 8 MiB ... 3072 MiB; choose "
        "a size in that range, for example -m 64M",
        memory, memory / kMiB);
  }
  if (memory % kPageSize != 0) {
    return Errorf(
        StatusCode::kOutOfRange,
        "guest memory of %d bytes is not a multiple of 4096; give it in K, M or G, "
        "for example -m 64M",
        memory);
  }
  return absl::OkStatus();
}

StatusOr<BootLayout> PlanMemory(u64 memory, PagingMode mode, u64 initrd_file_size,
                                const std::string& initrd_path, u32 initrd_addr_max) {
  LGX_RETURN_IF_ERROR(CheckMemorySize(memory));
  const u64 initrd = RoundUpToPage(std::min(initrd_file_size, memory));
  const StatusOr<BootTablesLayout> tables =
      PlanBootTables({mode, memory, static_cast<u32>(initrd)});
  if (initrd_file_size > memory || !tables.ok() ||
      tables->begin(mode).value < kFirstLoadAddress) {
    return Errorf(
        StatusCode::kOutOfRange,
        "%s: the initrd of %d bytes does not fit into %d MiB of guest memory; give "
        "the guest more, for example -m %dM, or a smaller initrd",
        initrd_path, initrd_file_size, memory / kMiB,
        std::min(kMaxMemory, 2 * initrd_file_size + 32 * kMiB) / kMiB);
  }
  BootLayout layout;
  layout.memory = static_cast<u32>(memory);
  layout.initrd_size = static_cast<u32>(initrd);
  layout.initrd_at = static_cast<u32>(memory - initrd);
  layout.tables_start = tables->begin(mode).value;
  layout.tables_end = tables->top.value + kPageSize;
  if (initrd != 0 && memory - 1 > initrd_addr_max) {
    const u64 end = LowInitrdEnd(layout, initrd, initrd_addr_max);
    if (end < initrd + kFirstLoadAddress) {
      return Errorf(StatusCode::kOutOfRange,
                    "%s: the initrd of %d bytes does not fit below 0x%08x, the highest "
                    "address this kernel accepts for it; use a smaller initrd",
                    initrd_path, initrd_file_size, initrd_addr_max);
    }
    layout.initrd_at = static_cast<u32>(end - initrd);
  }
  layout.kernel_limit = std::min(layout.tables_start, layout.initrd_at);
  return layout;
}

}  // namespace lgx
