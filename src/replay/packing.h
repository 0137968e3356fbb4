// Packing of bytes in files: LZ4 always, zstd where the program was built with it.
#ifndef LGX_REPLAY_PACKING_H_
#define LGX_REPLAY_PACKING_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

enum class Codec : u8 { kNone = 0, kLz4 = 1, kZstd = 2 };
const char* NameOf(Codec packing);

// The best one this program has.
Codec DefaultPacking();

struct Packed {
  Codec packing = Codec::kNone;  // kNone where nothing gets shorter
  std::vector<u8> bytes;
};
Packed Pack(std::span<const u8> bytes, Codec packing);

// Fills `to` exactly. An error says why not; `where` begins it.
[[nodiscard]] Status Unpack(Codec packing, std::span<const u8> from, std::span<u8> to,
                            const std::string& where);

}  // namespace lgx

#endif  // LGX_REPLAY_PACKING_H_
