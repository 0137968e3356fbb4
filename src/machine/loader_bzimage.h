// bzImage: a kernel that unpacks itself in the Guest (guest-01 section 2.2).
#ifndef LGX_MACHINE_LOADER_BZIMAGE_H_
#define LGX_MACHINE_LOADER_BZIMAGE_H_

#include <optional>
#include <string>

#include "base/status.h"
#include "machine/boot_layout.h"
#include "machine/image_bytes.h"
#include "mmu/guest_view.h"

namespace lgx {

inline constexpr u32 kBzImageLoadAddress = 0x100000;

// Offsets in the setup header, the same in the file and in the zero page.
namespace setup {
inline constexpr u32 kScratch = 0x1e4;
inline constexpr u32 kE820Entries = 0x1e8;
inline constexpr u32 kSetupSects = 0x1f1;
inline constexpr u32 kSyssize = 0x1f4;
inline constexpr u32 kBootFlag = 0x1fe;
inline constexpr u32 kJumpDistance = 0x201;
inline constexpr u32 kHeader = 0x202;
inline constexpr u32 kVersion = 0x206;
inline constexpr u32 kKernelVersion = 0x20e;
inline constexpr u32 kTypeOfLoader = 0x210;
inline constexpr u32 kLoadflags = 0x211;
inline constexpr u32 kCode32Start = 0x214;
inline constexpr u32 kRamdiskImage = 0x218;
inline constexpr u32 kRamdiskSize = 0x21c;
inline constexpr u32 kCmdLinePtr = 0x228;
inline constexpr u32 kInitrdAddrMax = 0x22c;
inline constexpr u32 kKernelAlignment = 0x230;
inline constexpr u32 kRelocatableKernel = 0x234;
inline constexpr u32 kHardwareSubarch = 0x23c;
inline constexpr u32 kPayloadOffset = 0x248;
inline constexpr u32 kPayloadLength = 0x24c;
inline constexpr u32 kSetupData = 0x250;
inline constexpr u32 kPrefAddress = 0x258;
inline constexpr u32 kInitSize = 0x260;
inline constexpr u32 kMaxHeaderEnd = 0x290;
inline constexpr u32 kE820Map = 0x2d0;
}  // namespace setup

// What the setup header says. Fields that the header is too short or too old for are
// zero, or the value the boot protocol gives them.
struct BzImage {
  u16 protocol = 0;     // 0x020a is 2.10
  u32 header_end = 0;   // of the setup header in the file
  u32 code_offset = 0;  // of the protected-mode part in the file
  u32 code_size = 0;    // up to the end of the file
  u32 entry = 0;        // code32_start
  u32 initrd_addr_max = 0xffffffff;
  u32 kernel_alignment = 0;
  bool relocatable = false;
  u32 payload_offset = 0;  // in the file; 0 where the header does not tell
  u32 payload_size = 0;
  u64 pref_address = 0;
  u32 init_size = 0;
  std::string version;  // "2.6.31 (user@host) #1 ..."; may be empty
};

bool LooksLikeBzImage(Bytes file);

StatusOr<BzImage> ParseBzImage(Bytes file, const std::string& path);

// The kernel_alignment to put into the zero page: the rule of guest-01 section 2.2.
u32 ChooseKernelAlignment(const BzImage& image, u64 file_size, const BootLayout& layout);

// Where the kernel unpacks itself when the zero page holds this alignment.
u64 UnpackAddress(const BzImage& image, u32 alignment);

// Refuses an image whose packed or unpacked form does not end before layout.kernel_limit.
Status CheckBzImageFits(const BzImage& image, u64 file_size, const std::string& path,
                        const BootLayout& layout);

// Copies the protected-mode part to 0x100000, if CheckBzImageFits allows it.
Status LoadBzImage(const BzImage& image, Bytes file, const std::string& path,
                   const BootLayout& layout, GuestView& guest);

}  // namespace lgx

#endif  // LGX_MACHINE_LOADER_BZIMAGE_H_
