#include "cpu/binding_tail_pinned.h"

#ifdef LGX_HAS_TAIL_BINDING

#include <optional>

#include "absl/container/flat_hash_map.h"

namespace lgx::tail {
namespace {

// The number of a register from its place in the register file; none: it has none.
std::optional<u32> NumberOf(u8 offset, u32 width) {
  for (u32 n = 0; n < 8; ++n) {
    if (offset == (width == 1   ? RegOffset8(n)
                   : width == 2 ? RegOffset16(n)
                                : RegOffset32(n))) {
      return n;
    }
  }
  return std::nullopt;
}

std::optional<u32> MemberOf(const Family& family, const Op& op) {
  const std::optional<u32> dst = NumberOf(op.dst, family.width);
  const std::optional<u32> src = NumberOf(op.src, family.width);
  const std::optional<u32> index = NumberOf(op.index, 4);
  const u32 base = NumberOf(op.base, 4).value_or(8);
  switch (family.form) {
    case Form::kNone:
      return 0;
    case Form::kD:
      return dst;
    case Form::kS:
      return src;
    case Form::kDS:
      if (dst && src) return *dst * 8 + *src;
      break;
    case Form::kSame:
      if (op.dst == op.src) return dst;
      break;
    case Form::kB:
      return base;
    case Form::kDB:
      if (dst) return *dst * 9 + base;
      break;
    case Form::kSB:
      if (src) return *src * 9 + base;
      break;
    case Form::kBI:
      if (index) return base * 8 + *index;
      break;
    case Form::kDBI:
      if (dst && index) return (*dst * 9 + base) * 8 + *index;
      break;
    case Form::kSBI:
      if (src && index) return (*src * 9 + base) * 8 + *index;
      break;
  }
  return std::nullopt;
}

using Families = absl::flat_hash_map<u32, const Family*>;

u32 KeyOf(u32 id, u32 follower) { return id << 16 | follower; }

Families MakeFamilies() {
  Families families;
  for (const auto list :
       {RegisterFamilies(), MemoryFamilies(), IndexedFamilies(), PairFamilies()}) {
    for (const Family& family : list) {
      families.emplace(KeyOf(family.id, family.follower), &family);
    }
  }
  return families;
}

}  // namespace

const void* Specialised(const Op& op, const Op* follower) {
  static const auto* const families = new Families(MakeFamilies());
  const auto found =
      families->find(KeyOf(op.id, follower == nullptr ? kHandlerCount : follower->id));
  if (found == families->end()) return nullptr;
  const std::optional<u32> member = MemberOf(*found->second, op);
  if (!member) return nullptr;
  return reinterpret_cast<const void*>(found->second->members[*member]);
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
