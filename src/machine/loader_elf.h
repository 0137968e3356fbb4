// vmlinux: a 32-bit ELF executable, loaded at its physical addresses (guest-01
// section 2.1).
#ifndef LGX_MACHINE_LOADER_ELF_H_
#define LGX_MACHINE_LOADER_ELF_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "machine/boot_layout.h"
#include "machine/image_bytes.h"
#include "mmu/guest_view.h"

namespace lgx {

inline constexpr u32 kDefaultPageOffset = 0xc0000000;

// One program header that asks to be loaded. file_size <= mem_size; both ends fit 32
// bits.
struct ElfSegment {
  u32 index = 0;          // among all program headers, for messages
  u32 header_offset = 0;  // of the program header in the file
  u32 file_offset = 0;
  u32 file_size = 0;
  u32 vaddr = 0;
  u32 paddr = 0;
  u32 mem_size = 0;
};

struct ElfImage {
  u32 entry = 0;  // guest-physical
  // Difference of virtual and physical addresses of the first segment; the usual value
  // where the two are equal.
  u32 page_offset = kDefaultPageOffset;
  u32 load_start = 0;
  u32 load_end = 0;  // of the highest segment with its zero-filled part
  std::vector<ElfSegment> segments;
};

bool LooksLikeElf(Bytes file);

// Checks everything that can be said without knowing the Guest's memory: each refusal
// names the field, its offset and its value.
StatusOr<ElfImage> ParseElf(Bytes file, const std::string& path);

// Refuses segments that do not lie between the command line and layout.kernel_limit.
Status CheckElfFits(const ElfImage& image, const std::string& path,
                    const BootLayout& layout);

// Copies the segments to their physical addresses. Parts behind the file's bytes are left
// alone: memory is zero at start. Refuses what CheckElfFits does before anything is
// copied.
Status LoadElf(const ElfImage& image, Bytes file, const std::string& path,
               const BootLayout& layout, GuestView& guest);

// The image's bytes at a guest-physical address, up to the end of the segment's part in
// the file; empty for addresses without file content.
Bytes ElfBytesAt(const ElfImage& image, Bytes file, u32 paddr);

// True if the address lies in a segment's part behind its file content.
bool InElfBss(const ElfImage& image, u32 paddr);

// How a kernel that ends at `end` misses the room it has: what is in the way, and what to
// do.
Status DoesNotFit(const std::string& path, const std::string& what, u64 end,
                  const BootLayout& layout);

}  // namespace lgx

#endif  // LGX_MACHINE_LOADER_ELF_H_
