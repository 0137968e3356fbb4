#include "machine/boot_params.h"

#include <algorithm>
#include <array>

namespace lgx {
namespace {

constexpr u16 kProtocolWithSubarch = 0x0207;
constexpr u8 kLoaderUnknown = 0xff;
constexpr u8 kKeepSegments = 0x40;
constexpr u32 kSubarchLguest = 1;
constexpr u32 kE820Ram = 1;
constexpr u32 kVmlinuxAlignment = 0x1000000;  // no one reads it

using ZeroPage = std::array<u8, kPageSize>;

// The upper part of a bzImage's setup header. Not the lower: root_flags in it would mount
// the root file system read-only, and bytes below 0x1f1 are not the loader's.
void CopySetupHeader(const BzImage& image, Bytes file, ZeroPage* page) {
  const Bytes upper =
      Part(file, setup::kInitrdAddrMax,
           image.header_end - std::min(image.header_end, setup::kInitrdAddrMax));
  std::copy(upper.begin(), upper.end(), page->begin() + setup::kInitrdAddrMax);
}

void SetMemoryMap(u32 memory, ZeroPage* page) {
  (*page)[setup::kE820Entries] = 1;
  StoreLe<u64>(page->data() + setup::kE820Map, 0);
  StoreLe<u64>(page->data() + setup::kE820Map + 8, memory);
  StoreLe<u32>(page->data() + setup::kE820Map + 16, kE820Ram);
}

u32 AlignmentFor(const BootPlan& plan, const KernelImage& kernel, u64 file_size) {
  if (plan.kernel_alignment) return *plan.kernel_alignment;
  if (kernel.format == KernelImage::Format::kElf) return kVmlinuxAlignment;
  return ChooseKernelAlignment(kernel.bzimage, file_size, plan.layout);
}

}  // namespace

Status CheckCommandLine(const std::string& command_line) {
  if (command_line.size() >= kCommandLineSize) {
    return Errorf(
        StatusCode::kOutOfRange,
        "the kernel command line has %d characters; lguest kernels take at most %d. "
        "It starts \"%s...\": shorten it",
        command_line.size(), kCommandLineSize - 1, command_line.substr(0, 40));
  }
  if (command_line.find('\0') != std::string::npos) {
    return Errorf(StatusCode::kOutOfRange,
                  "the kernel command line contains a NUL character");
  }
  return absl::OkStatus();
}

std::vector<std::string> CommandLineWarnings(const std::string& command_line) {
  std::vector<std::string> warnings;
  size_t at = 0;
  while (at < command_line.size()) {
    const size_t end = std::min(command_line.find(' ', at), command_line.size());
    const std::string word = command_line.substr(at, end - at);
    if (word.starts_with("mem=") || word.starts_with("memmap=")) {
      warnings.push_back(absl::StrFormat(
          "kernel argument \"%s\" moves the end of memory, behind which the guest looks "
          "for "
          "its devices: it will find no console and no disk. Use -m instead",
          word));
    }
    at = end + 1;
  }
  return warnings;
}

Status WriteBootParams(const BootPlan& plan, const KernelImage& kernel, Bytes file,
                       GuestView& guest) {
  LGX_RETURN_IF_ERROR(CheckCommandLine(plan.command_line));
  ZeroPage page = {};
  if (kernel.format == KernelImage::Format::kBzImage) {
    CopySetupHeader(kernel.bzimage, file, &page);
    StoreLe<u64>(page.data() + setup::kSetupData, 0);
  }
  SetMemoryMap(plan.layout.memory, &page);
  StoreLe<u16>(page.data() + setup::kVersion, kProtocolWithSubarch);
  page[setup::kTypeOfLoader] = kLoaderUnknown;
  page[setup::kLoadflags] |= kKeepSegments;
  if (plan.layout.initrd_size != 0) {
    StoreLe<u32>(page.data() + setup::kRamdiskImage, plan.layout.initrd_at);
    StoreLe<u32>(page.data() + setup::kRamdiskSize, plan.layout.initrd_size);
  }
  StoreLe<u32>(page.data() + setup::kCmdLinePtr, kCommandLineAt);
  StoreLe<u32>(page.data() + setup::kKernelAlignment,
               AlignmentFor(plan, kernel, file.size()));
  StoreLe<u32>(page.data() + setup::kHardwareSubarch, kSubarchLguest);

  std::array<u8, kCommandLineSize> text = {};
  std::copy(plan.command_line.begin(), plan.command_line.end(), text.begin());
  if (!guest.Write(Gpa(kZeroPageAt), page.data(), kPageSize) ||
      !guest.Write(Gpa(kCommandLineAt), text.data(), kCommandLineSize)) {
    return Errorf(kInternal, "guest memory has no room for the boot parameters");
  }
  return absl::OkStatus();
}

Status LoadInitrd(const BootLayout& layout, Bytes initrd, const std::string& path,
                  GuestView& guest) {
  if (initrd.size() > layout.initrd_size) {
    return Errorf(kInternal, "%s: the initrd has 0x%x bytes, 0x%x were planned", path,
                  initrd.size(), layout.initrd_size);
  }
  if (!guest.Write(Gpa(layout.initrd_at), initrd.data(),
                   static_cast<u32>(initrd.size()))) {
    return Errorf(kInternal, "%s: planned outside guest memory", path);
  }
  return absl::OkStatus();
}

}  // namespace lgx
