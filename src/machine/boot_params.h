// What a Guest kernel reads first: the zero page, its command line, the initrd (guest-01
// section 3).
#ifndef LGX_MACHINE_BOOT_PARAMS_H_
#define LGX_MACHINE_BOOT_PARAMS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "machine/boot_layout.h"
#include "machine/image_bytes.h"
#include "machine/kernel_image.h"
#include "mmu/guest_view.h"

namespace lgx {

struct BootPlan {
  BootLayout layout;
  std::string command_line;
  // Overrides the rule of guest-01 section 2.2; 0 shows how the first Launchers failed.
  std::optional<u32> kernel_alignment;
};

// Writes zero page and command line; the pages from 0 up to kFirstLoadAddress are zero
// elsewhere. `file` is the kernel's file.
Status WriteBootParams(const BootPlan& plan, const KernelImage& kernel, Bytes file,
                       GuestView& guest);

// Copies the initrd to where `layout` (planned with its size) wants it; the padding of
// the last page stays zero.
Status LoadInitrd(const BootLayout& layout, Bytes initrd, const std::string& path,
                  GuestView& guest);

// Refuses a command line that the kernel would cut.
Status CheckCommandLine(const std::string& command_line);

// Arguments that keep the kernel from finding its devices, explained: one line each.
std::vector<std::string> CommandLineWarnings(const std::string& command_line);

}  // namespace lgx

#endif  // LGX_MACHINE_BOOT_PARAMS_H_
