// What a program for the bare machine is made of, whatever format it comes in.
#ifndef LGX_MACHINE_BARE_IMAGE_H_
#define LGX_MACHINE_BARE_IMAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "machine/image_bytes.h"

namespace lgx {

struct BareImage {
  // `content` at `address`, then zeros up to `size` bytes in all.
  struct Piece {
    u32 address = 0;
    u32 size = 0;  // address + size fits 32 bits
    Bytes content;
  };
  std::vector<Piece> pieces;
  u32 entry = 0;
};

// With `load`, the file is flat bytes for that address, whatever it looks like. Without:
// the load fields of a multiboot header, else the program headers of a 32-bit ELF file.
// `entry` overrides where the program starts. The pieces point into `file`.
StatusOr<BareImage> ParseBareImage(Bytes file, const std::string& path,
                                   std::optional<u32> load, std::optional<u32> entry);

}  // namespace lgx

#endif  // LGX_MACHINE_BARE_IMAGE_H_
