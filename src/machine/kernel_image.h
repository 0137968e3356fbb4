// A kernel file, looked at and loaded: what `lgx check` prints and the Launcher starts.
#ifndef LGX_MACHINE_KERNEL_IMAGE_H_
#define LGX_MACHINE_KERNEL_IMAGE_H_

#include <optional>
#include <string>

#include "base/status.h"
#include "machine/boot_layout.h"
#include "machine/elf_symbols.h"
#include "machine/image_bytes.h"
#include "machine/loader_bzimage.h"
#include "machine/loader_elf.h"
#include "machine/recognise.h"
#include "mmu/guest_view.h"

namespace lgx {

struct KernelImage {
  enum class Format { kElf, kBzImage };

  std::string path;
  Format format = Format::kElf;
  u32 entry = 0;  // guest-physical
  u32 page_offset = kDefaultPageOffset;
  // Addresses of the kernel proper (unpacked, where it was linked to); 0 when a bzImage
  // could not be looked into.
  u32 load_start = 0;
  u32 load_end = 0;
  ElfImage elf;     // of the file itself (kElf)
  BzImage bzimage;  // (kBzImage)
  SymbolTable symbols;
  Recognition recognition;

  u32 initrd_addr_max() const {
    return format == Format::kBzImage ? bzimage.initrd_addr_max : 0xffffffff;
  }
};

const char* NameOf(KernelImage::Format format);

// Checks the file's format, unpacks a bzImage's kernel to look at it, and recognises what
// it is. Says nothing yet about whether this program can boot it (CheckBootable).
StatusOr<KernelImage> InspectKernel(Bytes file, const std::string& path);

// The generation to run the kernel as: `chosen` (--abi) if given, else the recognised
// one. Refuses kernels without lguest support and generations that this program cannot
// boot.
StatusOr<Generation> CheckBootable(const KernelImage& kernel,
                                   std::optional<Generation> chosen);

// Refuses PAE page tables for a generation that has none; `mode` is what --pae or the
// kernel's own marks ask for.
Status CheckModeFor(const KernelImage& kernel, Generation generation, PagingMode mode);

// Refuses amounts of memory that this kernel cannot use: guests of C, D, R and E reach
// their boot page tables through the first 1020 MiB only, a kernel without highmem finds
// no device above 896 MiB (guest-01 sections 1.3 and 5).
Status CheckMemoryFor(const KernelImage& kernel, Generation generation, u64 memory);

// Refuses a kernel that does not fit `layout`, with the amount of memory that it needs.
Status CheckKernelFits(const KernelImage& kernel, Bytes file, const BootLayout& layout);

// Copies the kernel into the Guest's memory, after checking that it fits `layout`.
Status LoadKernel(const KernelImage& kernel, Bytes file, const BootLayout& layout,
                  GuestView& guest);

}  // namespace lgx

#endif  // LGX_MACHINE_KERNEL_IMAGE_H_
