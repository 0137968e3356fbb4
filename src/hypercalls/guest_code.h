// The Guest's instruction bytes, by its own page tables.
#ifndef LGX_HYPERCALLS_GUEST_CODE_H_
#define LGX_HYPERCALLS_GUEST_CODE_H_

#include <optional>

#include "hypercalls/guest.h"

namespace lgx {

// Reads bytes at a linear address, translating once per page. The reference translates
// only the first byte and reads on in the next physical page (Q5).
class GuestCode {
 public:
  GuestCode(Guest& guest, Lin start) : guest_(guest), start_(start) {}

  // Where byte `index` of the instruction lies; nothing after a kill with `Bad address
  // ...`.
  std::optional<Gpa> Find(u32 index) {
    const Lin at = start_ + index;
    if (!translated_ || PageOffset(at) == 0) {
      const std::optional<Gpa> found = guest_.shadow.GuestPa(at);
      if (!found) return std::nullopt;
      page_ = *found - PageOffset(at);
      translated_ = true;
    }
    return page_ + PageOffset(at);
  }
  // Byte `index`; nothing after a kill. Bytes are asked for in order.
  std::optional<u8> Byte(u32 index) {
    const std::optional<Gpa> at = Find(index);
    if (!at) return std::nullopt;
    const u8 value = guest_.lg.Load<u8>(*at);
    if (guest_.dead()) return std::nullopt;
    return value;
  }

 private:
  Guest& guest_;
  Lin start_;
  Gpa page_{0};  // the one that holds the byte last asked for
  bool translated_ = false;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_CODE_H_
