// Multiboot 1: the header a program carries, and what its loader tells it (the GNU
// Multiboot Specification 0.6.96).
#ifndef LGX_MACHINE_MULTIBOOT_H_
#define LGX_MACHINE_MULTIBOOT_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "machine/image_bytes.h"

namespace lgx {

inline constexpr u32 kMultibootLoaderMagic = 0x2badb002;  // in EAX at the program's start

struct MultibootHeader {
  // Where the header itself says to load the file, in place of an ELF header.
  struct Addresses {
    u32 file_offset = 0;  // of the byte that goes to load_address
    u32 load_address = 0;
    u32 load_end = 0;  // never 0
    u32 bss_end = 0;   // at least load_end
    u32 entry = 0;
  };
  u32 offset = 0;  // in the file
  u32 flags = 0;
  std::optional<Addresses> addresses;
};

// The header in the first 8192 bytes; nothing if there is none. Refuses headers that ask
// for what this machine cannot give, and load fields that point outside the file.
StatusOr<std::optional<MultibootHeader>> FindMultibootHeader(Bytes file,
                                                             const std::string& path);

// A part of the memory map.
struct MemoryRegion {
  u64 start = 0;
  u64 end = 0;
  bool available = false;
};

// The information structure with all it points to, made to lie at `address`: memory
// sizes, memory map, command line, loader name. `regions` is in order of addresses.
std::vector<u8> MultibootInfo(u32 address, const std::vector<MemoryRegion>& regions,
                              const std::string& command_line);

}  // namespace lgx

#endif  // LGX_MACHINE_MULTIBOOT_H_
