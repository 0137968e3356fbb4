// The one stable hash of machine states, snapshots and logs: XXH3, 64 bits.
//
// The same bytes give the same value on every host and in every release. Feed numbers
// through Value(), never structs, so that padding and byte order cannot enter.
#ifndef LGX_BASE_HASH_H_
#define LGX_BASE_HASH_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/endian.h"
#include "base/types.h"

namespace lgx {

class StateHash {
 public:
  StateHash();
  ~StateHash();
  StateHash(StateHash&&) noexcept;
  StateHash& operator=(StateHash&&) noexcept;

  void Bytes(std::span<const u8> bytes);
  template <typename T>
  void Value(T value) {
    static_assert(std::is_integral_v<T>);
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    Bytes(bytes);
  }
  // Its length, then its characters, so that neighbours cannot flow into each other.
  void Text(std::string_view text);

  // The hash of everything fed so far; more may follow.
  u64 Digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// In one call.
u64 HashOf(std::span<const u8> bytes);

// Sixteen hexadecimal digits, the way hashes are shown to people.
std::string HashText(u64 hash);

}  // namespace lgx

#endif  // LGX_BASE_HASH_H_
