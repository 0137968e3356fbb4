#include "cpu/binding_tail_pinned.h"

#ifdef LGX_HAS_TAIL_BINDING

#include <algorithm>
#include <optional>
#include <vector>

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

// Of a run on 32-bit registers; see Form.
std::optional<u32> MemberOfRun(Form form, std::span<const Op> run) {
  const Op& last = run.back();
  const u8 x = run[0].dst;
  const bool copied =
      form == Form::kCopied || form == Form::kCopiedRead || form == Form::kCopiedWrite;
  u8 y = copied ? run[0].src : 0;
  if ((copied || run.size() > 2) && run[1].dst != x) return std::nullopt;
  switch (form) {
    case Form::kRead:
    case Form::kCopiedRead:
      if (last.src != x || (copied && last.dst != y)) return std::nullopt;
      y = last.dst;
      break;
    case Form::kWrite:
    case Form::kCopiedWrite:
      if (last.dst != x || (copied && last.src != y)) return std::nullopt;
      y = last.src;
      break;
    case Form::kAt:
      if (last.base != x) return std::nullopt;
      y = last.dst;
      break;
    default:
      break;
  }
  const std::optional<u32> first = NumberOf(x, 4), other = NumberOf(y, 4);
  if (!first || !other) return std::nullopt;
  return *first * 8 + *other;
}

std::optional<u32> MemberOf(const Family& family, std::span<const Op> run) {
  if (family.form >= Form::kCopied) return MemberOfRun(family.form, run);
  const Op& op = run[0];
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
    default:
      break;
  }
  return std::nullopt;
}

using Families = absl::flat_hash_map<u64, std::vector<const Family*>>;

u64 KeyOf(u64 id, u64 second, u64 third) { return id << 32 | second << 16 | third; }

Families MakeFamilies() {
  Families families;
  for (const auto list : {RegisterFamilies(), MemoryFamilies(), IndexedFamilies(),
                          PairFamilies(), RunFamilies()}) {
    for (const Family& family : list) {
      families[KeyOf(family.id, family.followers[0], family.followers[1])].push_back(
          &family);
    }
  }
  return families;
}

}  // namespace

// The longest run that there is a handler for wins.
const void* Specialised(std::span<const Op> run) {
  if (run[0].id == kOutOfLine) return QuickOutOfLine(run[0]);
  static const auto* const families = new Families(MakeFamilies());
  for (std::size_t length = std::min<std::size_t>(run.size(), 3); length > 0; --length) {
    const u64 second = length > 1 ? run[1].id : kHandlerCount;
    const u64 third = length > 2 ? run[2].id : kHandlerCount;
    const auto found = families->find(KeyOf(run[0].id, second, third));
    if (found == families->end()) continue;
    for (const Family* family : found->second) {
      const std::optional<u32> member = MemberOf(*family, run.first(length));
      if (member) return reinterpret_cast<const void*>(family->members[*member]);
    }
  }
  return nullptr;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
