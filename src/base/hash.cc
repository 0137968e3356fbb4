#include "base/hash.h"

#include "absl/strings/str_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lgx {

struct StateHash::State {
  XXH3_state_t xxh3;
};

StateHash::StateHash() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->xxh3);
}
StateHash::~StateHash() = default;
StateHash::StateHash(StateHash&&) noexcept = default;
StateHash& StateHash::operator=(StateHash&&) noexcept = default;

void StateHash::Bytes(std::span<const u8> bytes) {
  XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

void StateHash::Text(std::string_view text) {
  Value(static_cast<u64>(text.size()));
  Bytes(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

u64 StateHash::Digest() const { return XXH3_64bits_digest(&state_->xxh3); }

u64 HashOf(std::span<const u8> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string HashText(u64 hash) { return absl::StrFormat("%016x", hash); }

}  // namespace lgx
