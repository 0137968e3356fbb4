#include "mmu/space_index.h"

#include <algorithm>
#include <bit>

namespace lgx {

SpaceIndex::SpaceIndex(u32 most)
    : most_(most),
      shift_(64 - static_cast<u32>(std::bit_width(std::bit_ceil(most)))),
      heads_(u64{1} << (64 - shift_), kNone) {
  spaces_.reserve(most);
}

u32 SpaceIndex::BucketOf(const PagingRegisters& space) const {
  // The tables of PAE lie where the four entries say, and nothing else tells two spaces
  // apart whose CR3 was loaded from the same place.
  const u64 tables =
      space.pdpte[0] ^ space.pdpte[1] << 7 ^ space.pdpte[2] << 13 ^ space.pdpte[3] << 19;
  return static_cast<u32>((space.cr3 ^ tables) * 0x9e3779b97f4a7c15 >> shift_);
}

void SpaceIndex::Unlink(u32 number) {
  u32* link = &heads_[BucketOf(spaces_[number].key)];
  while (*link != number) link = &spaces_[*link].next;
  *link = spaces_[number].next;
}

void SpaceIndex::Link(u32 number, const PagingRegisters& space) {
  u32& head = heads_[BucketOf(space)];
  spaces_[number] = Space{space, head, true};
  head = number;
}

u32 SpaceIndex::Give(const PagingRegisters& space, bool* taken) {
  u32 number = given();
  *taken = number == most_;
  if (*taken) {
    for (; spaces_[hand_].recent; hand_ = (hand_ + 1) % most_) {
      spaces_[hand_].recent = false;
    }
    number = hand_;
    hand_ = (hand_ + 1) % most_;
    Unlink(number);
  } else {
    spaces_.emplace_back();
  }
  Link(number, space);
  return number;
}

void SpaceIndex::Pass(u32 number, const PagingRegisters& space) {
  Unlink(number);
  Link(number, space);
}

void SpaceIndex::Clear() {
  spaces_.clear();
  std::fill(heads_.begin(), heads_.end(), kNone);
  hand_ = 0;
}

}  // namespace lgx
