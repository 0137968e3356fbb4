#include "machine/loader_bzimage.h"

#include <algorithm>

#include "machine/loader_elf.h"
#include "machine/payload.h"

namespace lgx {
namespace {

constexpr u32 kSector = 512;
constexpr u16 kFirstProtocolWithSubarch = 0x0207;
constexpr u16 kFirstProtocolWithPayload = 0x0208;
constexpr u16 kFirstProtocolWithInitSize = 0x020a;
constexpr u8 kLoadedHigh = 0x01;

std::string ProtocolName(u16 protocol) {
  return absl::StrFormat("%d.%02d", protocol >> 8, protocol & 0xff);
}

Status CheckHeader(Bytes file, const std::string& path) {
  if (!LooksLikeBzImage(file)) {
    if (const Packing packing = PackingOf(file); packing != Packing::kNone) {
      return Errorf(kInvalidArgument,
                    "%s: this is packed with %s and no kernel as it is; lguest never "
                    "unpacked one either. Unpack it and give what comes out",
                    path, NameOf(packing));
    }
    return Errorf(
        kInvalidArgument,
        "%s: this is neither ELF (no 7f 45 4c 46 at offset 0) nor a bzImage (no "
        "\"HdrS\" at offset 0x%x). Give a vmlinux or a bzImage",
        path, setup::kHeader);
  }
  const std::optional<u8> jump = LoadAt<u8>(file, setup::kJumpDistance);
  const std::optional<u16> protocol = LoadAt<u16>(file, setup::kVersion);
  if (!jump || !protocol || file.size() < setup::kHeader + *jump ||
      file.size() < setup::kKernelAlignment) {
    return Errorf(
        kInvalidArgument,
        "%s: the bzImage ends at 0x%x, inside its setup header. Is the file cut "
        "short? Copy it again",
        path, file.size());
  }
  if (*protocol < kFirstProtocolWithSubarch) {
    return Errorf(
        kInvalidArgument,
        "%s: boot protocol at offset 0x%x is %s; the lguest fields came with 2.07 "
        "(Linux 2.6.24). Give a newer kernel, 2.6.31 ... 3.19",
        path, setup::kVersion, ProtocolName(*protocol));
  }
  if ((file[setup::kLoadflags] & kLoadedHigh) == 0) {
    return Errorf(
        kInvalidArgument,
        "%s: loadflags at offset 0x%x is 0x%02x, without the bit for loading at 1 "
        "MiB: this is a zImage. Give the bzImage or the vmlinux",
        path, setup::kLoadflags, file[setup::kLoadflags]);
  }
  return absl::OkStatus();
}

// The protected-mode part must be there as far as the header's size field says. The field
// counts 16-byte units; builds of the time did not pad the last one.
Status CheckCode(Bytes file, const std::string& path, BzImage* image) {
  const u32 sectors = file[setup::kSetupSects] == 0 ? 4 : file[setup::kSetupSects];
  image->code_offset = (sectors + 1) * kSector;
  const u64 size = u64{LoadOrZero<u32>(file, setup::kSyssize)} * 16;
  if (image->code_offset >= file.size() || image->code_offset + size > file.size() + 15) {
    return Errorf(
        kInvalidArgument,
        "%s: the protected-mode part at 0x%x ends at 0x%x (syssize at offset "
        "0x%x), past the end of the file (0x%x). Is the file cut short? Copy it "
        "again",
        path, image->code_offset, image->code_offset + size, setup::kSyssize,
        file.size());
  }
  if (file.size() - image->code_offset > kMaxMemory) {
    return Errorf(kInvalidArgument,
                  "%s: the file of 0x%x bytes is too large for a bzImage", path,
                  file.size());
  }
  image->code_size = static_cast<u32>(file.size() - image->code_offset);
  return absl::OkStatus();
}

Status CheckPayload(Bytes file, const std::string& path, BzImage* image) {
  const u32 offset = LoadOrZero<u32>(file, setup::kPayloadOffset);
  const u32 size = LoadOrZero<u32>(file, setup::kPayloadLength);
  if (size == 0) return absl::OkStatus();
  if (!RangeInside(offset, size, image->code_size)) {
    return Errorf(
        kInvalidArgument,
        "%s: the packed kernel (payload_offset 0x%x at 0x%x, payload_length 0x%x) "
        "ends past the end of the file (0x%x). Is the file cut short? Copy it again",
        path, offset, setup::kPayloadOffset, size, file.size());
  }
  image->payload_offset = image->code_offset + offset;
  image->payload_size = size;
  return absl::OkStatus();
}

std::string VersionText(Bytes file) {
  const u16 pointer = LoadOrZero<u16>(file, setup::kKernelVersion);
  if (pointer == 0) return "";
  constexpr size_t kLongest = 200;
  return TextAt(file, u64{pointer} + 0x200, kLongest);
}

constexpr u64 RoundUp(u64 value, u64 alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// Bytes the unpacking kernel needs from where it puts itself. Headers before 2.10 do not
// tell; four times the file is what such kernels stay below.
u64 UnpackSize(const BzImage& image, u64 file_size) {
  return image.init_size != 0 ? image.init_size : 4 * file_size;
}

}  // namespace

bool LooksLikeBzImage(Bytes file) {
  return StartsWith(From(file, setup::kHeader), "HdrS");
}

StatusOr<BzImage> ParseBzImage(Bytes file, const std::string& path) {
  LGX_RETURN_IF_ERROR(CheckHeader(file, path));
  BzImage image;
  image.protocol = LoadOrZero<u16>(file, setup::kVersion);
  image.header_end =
      std::min<u32>(setup::kHeader + file[setup::kJumpDistance], setup::kMaxHeaderEnd);
  LGX_RETURN_IF_ERROR(CheckCode(file, path, &image));
  const Bytes header = file.first(image.header_end);
  image.entry = LoadOrZero<u32>(header, setup::kCode32Start);
  if (const u32 max = LoadOrZero<u32>(header, setup::kInitrdAddrMax); max != 0) {
    image.initrd_addr_max = max;
  }
  image.kernel_alignment = LoadOrZero<u32>(header, setup::kKernelAlignment);
  image.relocatable = LoadOrZero<u8>(header, setup::kRelocatableKernel) != 0;
  if (image.protocol >= kFirstProtocolWithPayload) {
    LGX_RETURN_IF_ERROR(CheckPayload(file, path, &image));
  }
  if (image.protocol >= kFirstProtocolWithInitSize) {
    image.pref_address = LoadOrZero<u64>(header, setup::kPrefAddress);
    image.init_size = LoadOrZero<u32>(header, setup::kInitSize);
  }
  image.version = VersionText(file);
  if (image.entry - kBzImageLoadAddress >= image.code_size) {
    return Errorf(
        kInvalidArgument,
        "%s: code32_start at offset 0x%x is 0x%08x, outside the protected-mode "
        "part (0x%08x, 0x%x bytes). The file is damaged; build or copy it again",
        path, setup::kCode32Start, image.entry, kBzImageLoadAddress, image.code_size);
  }
  return image;
}

u32 ChooseKernelAlignment(const BzImage& image, u64 file_size, const BootLayout& layout) {
  constexpr u32 kPreferred = 0x1000000;
  constexpr u32 kFallback = 0x100000;
  const bool fits = kPreferred + UnpackSize(image, file_size) <= layout.kernel_limit;
  if (fits) return std::max(kPreferred, image.kernel_alignment);
  return image.kernel_alignment != 0 ? image.kernel_alignment : kFallback;
}

u64 UnpackAddress(const BzImage& image, u32 alignment) {
  if (image.relocatable && alignment != 0) return RoundUp(kBzImageLoadAddress, alignment);
  if (image.pref_address != 0) return image.pref_address;
  return kBzImageLoadAddress;
}

Status CheckBzImageFits(const BzImage& image, u64 file_size, const std::string& path,
                        const BootLayout& layout) {
  const u64 packed_end = u64{kBzImageLoadAddress} + image.code_size;
  if (packed_end > layout.kernel_limit) {
    return DoesNotFit(path, "the protected-mode part", packed_end, layout);
  }
  if (image.init_size != 0) {
    const u32 alignment = ChooseKernelAlignment(image, file_size, layout);
    const u64 end = UnpackAddress(image, alignment) + image.init_size;
    if (end > layout.kernel_limit) {
      return DoesNotFit(
          path,
          absl::StrFormat("the unpacking kernel (init_size 0x%x at offset 0x%x)",
                          image.init_size, setup::kInitSize),
          end, layout);
    }
  }
  return absl::OkStatus();
}

Status LoadBzImage(const BzImage& image, Bytes file, const std::string& path,
                   const BootLayout& layout, GuestView& guest) {
  LGX_RETURN_IF_ERROR(CheckBzImageFits(image, file.size(), path, layout));
  const Bytes code = Part(file, image.code_offset, image.code_size);
  if (!guest.Write(Gpa(kBzImageLoadAddress), code.data(), image.code_size)) {
    return Errorf(kInternal, "%s: checked but outside guest memory", path);
  }
  return absl::OkStatus();
}

}  // namespace lgx
