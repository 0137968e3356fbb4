// The decoder of forwarded instructions: seven bytes, or fewer, of anything. What it
// accepts has a length inside them and names only registers that exist.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "machine/guest_insn.h"

namespace {

bool IsWidth(lgx::u32 width) { return width == 1 || width == 2 || width == 4; }
bool IsRegister(lgx::u8 reg) { return reg < 8 || reg == lgx::kNoRegister; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, std::min<size_t>(size, 7));
  if (const auto insn = lgx::DecodePortInsn(bytes)) {
    CHECK(insn->length >= 1 && insn->length <= bytes.size());
    CHECK(IsWidth(insn->width));
  }
  if (const auto insn = lgx::DecodeMovInsn(bytes)) {
    CHECK(insn->length >= 2 && insn->length <= bytes.size());
    CHECK(IsWidth(insn->width) && IsWidth(insn->register_width));
    CHECK(insn->reg < 8 && IsRegister(insn->base) && IsRegister(insn->index));
  }
  return 0;
}
