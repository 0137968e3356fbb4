// Packing of bytes in files: LZ4 always, zstd where the program was built with it.
#ifndef LGX_REPLAY_PACKING_H_
#define LGX_REPLAY_PACKING_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

enum class Packing : u8 { kNone = 0, kLz4 = 1, kZstd = 2 };
const char* NameOf(Packing packing);

// The best one this program has.
Packing DefaultPacking();

struct Packed {
  Packing packing = Packing::kNone;  // kNone where nothing gets shorter
  std::vector<u8> bytes;
};
Packed Pack(std::span<const u8> bytes, Packing packing);

// Fills `to` exactly. An error says why not; `where` begins it.
[[nodiscard]] Status Unpack(Packing packing, std::span<const u8> from, std::span<u8> to,
                            const std::string& where);

}  // namespace lgx

#endif  // LGX_REPLAY_PACKING_H_
